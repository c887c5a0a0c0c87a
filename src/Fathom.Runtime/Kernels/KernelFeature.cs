using System;

namespace Fathom.Runtime;

/// <summary>Whether a kernel has a feature.</summary>
public enum FeatureSupport
{
    /// <summary>It could not be found out, for example for lack of a capability.</summary>
    Unknown,
    /// <summary>It has it.</summary>
    Yes,
    /// <summary>It has it not.</summary>
    No,
}

/// <summary>The answer of a probe.</summary>
/// <param name="Support">Yes, no or unknown.</param>
/// <param name="Evidence">What was tried and what came of it.</param>
public readonly record struct FeatureAnswer(FeatureSupport Support, string Evidence);

/// <summary>Something that some kernels can do, with the probe that finds out whether this one can.</summary>
public sealed class KernelFeature
{
    private readonly Func<Kernel, FeatureAnswer> _probe;

    internal KernelFeature(string name, string since, Func<Kernel, FeatureAnswer> probe)
    {
        Name = name;
        Since = since;
        _probe = probe;
    }

    /// <summary>What it is, for example <c>ring buffer</c>.</summary>
    public string Name { get; }

    /// <summary>The mainline version that it came in, for example <c>5.8</c>. For messages: distributions carry features back.</summary>
    public string Since { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (Linux {Since})";

    internal FeatureAnswer Probe(Kernel kernel) => _probe(kernel);
}
