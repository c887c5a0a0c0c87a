using System;

namespace Fathom.Bpf;

/// <summary>Names the kernel's struct of a context. Its offsets are the kernel's interface: they are not relocated.</summary>
[AttributeUsage(AttributeTargets.Struct)]
internal sealed class KernelContextAttribute(string name) : Attribute
{
    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;
}
