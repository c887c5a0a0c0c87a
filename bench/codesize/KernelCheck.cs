using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Format.Objects;
using Fathom.Runtime;

namespace Fathom.CodeSize;

/// <summary>Has the running kernel verify and attach every program by itself, so that one which it refuses hides no other.</summary>
internal static class KernelCheck
{
    private const string Tracing = "/sys/kernel/tracing/events";
    private const int SamplesPerSecond = 49;

    /// <summary>Asks of all programs, one after the other.</summary>
    public static IEnumerable<KernelVerdict> Of(Kernel kernel) =>
        from tool in CodeSizeObject.All
        from function in tool.Definition.Functions
        where function.IsEntry
        select Of(kernel, tool, function);

    private static KernelVerdict Of(Kernel kernel, CodeSizeObject tool, BpfFunction function)
    {
        string name = $"{tool.Name}.{function.Name}";
        var options = new LoadOptions();
        options.With.Add(function.Name);
        foreach (BpfFunction other in tool.Definition.Functions)
        {
            if (other.Name != function.Name)
            {
                options.Without.Add(other.Name);
            }
        }

        try
        {
            using LoadedObject loaded = LoadedObject.Load(kernel, tool.Definition, options);
            BpfProgram program = loaded.GetProgram(function.Name);
            int verified = program.GetInfo().VerifiedInstructions;

            // Perf tracepoints are attached too, because only then does the kernel compare what the program reads with the record's size:
            // https://github.com/torvalds/linux/blob/v6.18/kernel/events/core.c (__perf_event_set_bpf_prog)
            if (program.Type == ProgramType.PerfEvent)
            {
                program.AttachSampling(SamplesPerSecond).Dispose();
            }
            else
            {
                program.Attach().Dispose();
            }

            // Kernels before 5.16 do not tell how much they verified.
            return new(name, KernelOutcome.Accepted, verified > 0 ? $"{verified} instructions verified" : "", "");
        }
        catch (BpfException e)
        {
            return WhatIsMissing(kernel, tool.Definition, function, e) is { } missing
                ? new(name, KernelOutcome.NotThere, missing, "")
                : new(name, KernelOutcome.Refused, e.Message, (e as VerifierRejectedException)?.Log ?? "");
        }
    }

    /// <summary>What the program needs and this kernel, asked for just that, has not; null if there is no such thing.</summary>
    private static string? WhatIsMissing(Kernel kernel, BpfObject definition, BpfFunction function, BpfException refusal)
    {
        string target = function.Section[(function.Section.IndexOf('/', StringComparison.Ordinal) + 1)..];
        switch (refusal)
        {
            // Looked for in the kernel's types and not found: no system call has failed.
            case FeatureNotSupportedException { ErrorNumber: 0 } feature:
                return feature.Feature;
            case FeatureNotSupportedException when ProbeOf(function.Section) is { } feature && kernel.Probe(feature) is { Support: FeatureSupport.No } answer:
                return $"no {feature.Name}: {answer.Evidence}";

            // Either a relocation found no such field or type in the kernel's types, or the tracepoint has fewer arguments there.
            case VerifierRejectedException { Kind: VerifierErrorKind.MissingInKernel }:
                return refusal.Advice;
            case VerifierRejectedException { Kind: VerifierErrorKind.HelperNotAllowed } verifier when HelperIn(verifier.DecisiveLine) is { } helper
                && Lacks(kernel, "bpf_func_id", helper.Number):
                return $"no helper {helper.Name}: its enum bpf_func_id has no {helper.Number}";
            case MapCreationException { ErrorName: "EINVAL" } map when definition.Maps.Single(one => one.Name == map.ObjectName).Type is var type
                && Lacks(kernel, "bpf_map_type", (ulong)type):
                return $"no maps of type {type}: its enum bpf_map_type has no {(int)type}";
            case AttachException { ErrorName: "ENOENT" } when kernel.CountTracepointArguments(target)[target] < 0:
                return $"no tracepoint {target}: its types have no btf_trace_{target}";
            case TracefsException when File.Exists($"{Tracing}/header_page") && !Directory.Exists($"{Tracing}/{target}"):
                return $"no tracepoint {target}: there is no {Tracing}/{target}";
            default:
                return null;
        }
    }

    private static KernelFeature? ProbeOf(string section) => section.Split('/')[0] switch
    {
        "raw_tp" => KernelFeatures.RawTracepoints,
        "tp_btf" => KernelFeatures.TypedTracepoints,
        _ => null,
    };

    // As in "unknown func bpf_loop#181" or "invalid func unknown#181".
    private static (string Name, ulong Number)? HelperIn(string line)
    {
        string[] parts = line.Split(' ').LastOrDefault(static word => word.Contains('#', StringComparison.Ordinal))?.Split('#') ?? [];
        return parts.Length == 2 && ulong.TryParse(parts[1], out ulong number) ? (parts[0], number) : null;
    }

    // A kernel whose types do not have the enumeration at all has said nothing.
    private static bool Lacks(Kernel kernel, string enumeration, ulong value) =>
        kernel.GetEnumerators(enumeration) is { Count: > 0 } known && known.All(one => one.Value != value);
}
