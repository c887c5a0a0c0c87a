using System;

namespace Fathom.Bpf;

/// <summary>
/// Marks a <c>static unsafe partial</c> class that is one BPF object: its programs, maps and globals. The build compiles it to bytecode and
/// adds a nested class through which .NET loads it and reads what it gathers.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BpfObjectAttribute : Attribute
{
    /// <summary>Licence that the kernel is told; helpers for tracing are for GPL-compatible ones.</summary>
    public string License { get; set; } = "Dual MIT/GPL";
}

/// <summary>
/// Marks a <c>static unsafe</c> class whose constants, globals, maps and programs several BPF objects have, each its own: those that name it
/// with <see cref="IncludesAttribute"/>. Its other methods may be called from programs like any.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class BpfPartAttribute : Attribute
{
}

/// <summary>The BPF object also has what a part declares, as if it stood in the object's own class, behind what does.</summary>
/// <param name="part">A class marked <see cref="BpfPartAttribute"/>, in the same project.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class IncludesAttribute(Type part) : Attribute
{
    /// <summary>The part.</summary>
    public Type Part { get; } = part;
}

/// <summary>
/// A <c>static readonly</c> field whose value is fixed when the object is loaded. It lies in <c>.rodata</c>, which is frozen before the
/// verifier runs: branches that it rules out cost nothing and may even use what the kernel lacks.
/// </summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ConstantAttribute : Attribute
{
}

/// <summary>A static method that is compiled as a function of its own (bpf-to-bpf call) instead of into its callers. At most 5 parameters.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BpfSubprogramAttribute : Attribute
{
}

/// <summary>
/// A static method of a part or object that runs before each of the object's programs, as if it stood there: to count runs, for example. It may take the
/// program's number as a <c>uint</c>, in the order of declaration, those of parts last; what it returns goes to the one marked
/// <see cref="AfterProgramAttribute"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BeforeProgramAttribute : Attribute
{
}

/// <summary>
/// A static method of a part or object that runs after each of the object's programs, wherever they return. It may take what the method marked
/// <see cref="BeforeProgramAttribute"/> has returned.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AfterProgramAttribute : Attribute
{
}
