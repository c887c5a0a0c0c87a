using System;

namespace Fathom.Runtime;

/// <summary>Something that some kernels can do, with the probe that finds out whether this one can.</summary>
public sealed class KernelFeature
{
    private readonly Func<Kernel, FeatureAnswer> _probe;

    internal KernelFeature(string name, string since, Func<Kernel, FeatureAnswer> probe, string option = "")
    {
        Name = name;
        Since = since;
        Option = option;
        _probe = probe;
    }

    /// <summary>What it is, for example <c>ring buffer</c>.</summary>
    public string Name { get; }

    /// <summary>The mainline version that it came in, for example <c>5.8</c>. For messages: distributions carry features back.</summary>
    public string Since { get; }

    /// <summary>The option of the kernel's build that it takes, for example <c>CONFIG_FPROBE</c>; empty if it is always there.</summary>
    public string Option { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (Linux {Since})";

    internal FeatureAnswer Probe(Kernel kernel)
    {
        FeatureAnswer answer = _probe(kernel);
        return answer is { Support: FeatureSupport.No, Cause: RefusalCause.None } ? Explain(kernel, answer) : answer;
    }

    // The answer is found; the version and the configuration only say why it is no.
    private FeatureAnswer Explain(Kernel kernel, FeatureAnswer answer)
    {
        bool isOlder = Version.TryParse(Since, out Version? since) && kernel.Version < since;
        string? value = Option.Length > 0 ? kernel.Configuration.ValueOf(Option) : null;
        return value switch
        {
            "n" => Because(RefusalCause.MissingConfig, $"{Option} is not set in {kernel.Configuration.Source}"),
            "" when !isOlder => Because(RefusalCause.MissingConfig, $"{kernel.Configuration.Source} has no {Option}"),
            null when !isOlder && Option.Length > 0 => Because(RefusalCause.MissingConfig, $"a kernel of this version has it where it is built with {Option}=y"),
            _ when isOlder => Because(RefusalCause.TooOld, $"it came in Linux {Since}, and this is {kernel.Version}"),
            _ => answer with { Cause = RefusalCause.Other },
        };

        FeatureAnswer Because(RefusalCause cause, string words) => answer with { Cause = cause, Evidence = $"{answer.Evidence}; {words}" };
    }
}
