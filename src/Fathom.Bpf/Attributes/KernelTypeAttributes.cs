using System;

namespace Fathom.Bpf;

/// <summary>
/// A view of a kernel struct: only the fields that are used, in any order. Fields are found by name in the running kernel when the object is
/// loaded (CO-RE), so offsets need not be right. <c>name___anything</c> names another version of the same struct.
/// </summary>
/// <param name="name">The kernel's name of the struct, for example <c>task_struct</c>.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class KernelStructAttribute(string name) : Attribute
{
    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;
}

/// <summary>The kernel's name of a field of a view, where C# cannot or should not spell it. Other fields have the name that they are written with.</summary>
/// <param name="name">The kernel's name.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class KernelFieldAttribute(string name) : Attribute
{
    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;
}

/// <summary>A view of a kernel enumeration; used with <see cref="Core.EnumValue"/>, its numbers are those of the running kernel.</summary>
/// <param name="name">The kernel's name of the enumeration.</param>
[AttributeUsage(AttributeTargets.Enum)]
public sealed class KernelEnumAttribute(string name) : Attribute
{
    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;
}
