using System;
using System.Collections.Generic;
using System.Linq;

namespace Fathom.Runtime;

/// <summary>Something that some kernels can do, with the probe that finds out whether this one can.</summary>
public sealed class KernelFeature
{
    private readonly Func<Kernel, FeatureAnswer> _probe;

    internal KernelFeature(string name, string since, Func<Kernel, FeatureAnswer> probe, params string[] options)
    {
        Name = name;
        Since = since;
        Options = options;
        _probe = probe;
    }

    /// <summary>What it is, for example <c>ring buffer</c>.</summary>
    public string Name { get; }

    /// <summary>The mainline version that it came in, for example <c>5.8</c>. For messages: distributions carry features back.</summary>
    public string Since { get; }

    /// <summary>The options of the kernel's build that it takes, for example <c>CONFIG_FPROBE</c>; empty if it is always there.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (Linux {Since})";

    internal FeatureAnswer Probe(Kernel kernel)
    {
        FeatureAnswer answer = _probe(kernel);
        string? unset = answer.Support == FeatureSupport.Yes ? null : Options.FirstOrDefault(option => kernel.Configuration.ValueOf(option) == "n");
        return (answer.Support, answer.Cause) switch
        {
            // What the kernel is built without needs no privileges to know.
            (FeatureSupport.No, RefusalCause.None) or (FeatureSupport.Unknown, _) when unset is not null =>
                new(FeatureSupport.No, $"{answer.Evidence}; {unset} is not set in {kernel.Configuration.Source}") { Cause = RefusalCause.MissingConfig },
            (FeatureSupport.No, RefusalCause.None) => Explain(kernel, answer),
            _ => answer,
        };
    }

    // The answer is found; the version and the configuration only say why it is no.
    private FeatureAnswer Explain(Kernel kernel, FeatureAnswer answer)
    {
        bool isOlder = Version.TryParse(Since, out Version? since) && kernel.Version < since;
        if (isOlder)
        {
            return Because(RefusalCause.TooOld, $"it came in Linux {Since}, and this is {kernel.Version}");
        }

        if (Options.Count == 0)
        {
            return answer with { Cause = RefusalCause.Other };
        }

        KernelConfiguration configuration = kernel.Configuration;
        return Because(RefusalCause.MissingConfig, Options.FirstOrDefault(option => configuration.ValueOf(option) == "") is { } absent
            ? $"{configuration.Source} has no {absent}"
            : $"a kernel of this version has it where it is built with {string.Join("=y and ", Options)}=y");

        FeatureAnswer Because(RefusalCause cause, string words) => answer with { Cause = cause, Evidence = $"{answer.Evidence}; {words}" };
    }
}
