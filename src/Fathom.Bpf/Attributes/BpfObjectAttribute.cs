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
