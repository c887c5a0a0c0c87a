using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Fathom.Bpf;

/// <summary>A method that exists only inside the kernel was called by ordinary .NET code.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Only this library makes it, always with a member's name.")]
public sealed class DeviceOnlyException : InvalidOperationException
{
    private DeviceOnlyException(string member)
        : base($"{member} works only in a BPF program, which the kernel runs. " +
            "From .NET, read and write maps and globals through the object that the generated Load method returns.")
    {
    }

    internal static DeviceOnlyException Create([CallerMemberName] string member = "") => new(member);
}
