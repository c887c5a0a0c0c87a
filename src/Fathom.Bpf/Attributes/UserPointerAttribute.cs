using System;

namespace Fathom.Bpf;

/// <summary>
/// Marks a field, or a parameter of a program, that holds an address in the traced process (<c>__user</c> in the kernel's sources), as a number or
/// as a pointer. What is there is read by <see cref="Helpers.ProbeReadUser(void*, uint, void*)"/>; reading it directly is an error.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Parameter)]
public sealed class UserPointerAttribute : Attribute
{
}
