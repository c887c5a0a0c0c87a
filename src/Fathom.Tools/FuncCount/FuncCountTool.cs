using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>How often functions, tracepoints and static probes are passed.</summary>
public sealed class FuncCountTool : ITool
{
    // More than this delays what it looks at, and takes time to attach, so that the user is told before.
    private const int Many = 300;

    /// <inheritdoc/>
    public ToolDescription Description => FuncCountOptions.Description;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        FuncCountTarget target = FuncCountTarget.Parse(request.Argument, request.Has(FuncCountOptions.Regex));
        Kernel kernel = Kernel.Running;
        var filter = new TaskFilterSetup(request);
        var attacher = new FuncCountAttacher(kernel, ConstantsOf(request, kernel), filter);
        var finder = new MatchFinder(kernel);
        UserFile file = default;
        Matches matches = target.Kind switch
        {
            FuncCountKind.UserFunctions => finder.UserFunctions(target, request.Pid, out file),
            FuncCountKind.StaticProbes => finder.StaticProbes(target, request.Pid, out file),
            FuncCountKind.Tracepoints => finder.Tracepoints(target),
            _ => finder.KernelFunctions(target),
        };
        int places = matches.Countables.Sum(static one => Math.Max(1, one.Addresses.Count + one.Places.Count));
        MustNotBeTooMany(request, target, places);
        Warn(request, target, matches, places);

        double? budget = BudgetOf(request);
        FuncCountProbeSource source = target.Kind switch
        {
            FuncCountKind.UserFunctions or FuncCountKind.StaticProbes => attacher.AttachUserPlaces(matches.Countables, file.Path, request.Pid),
            FuncCountKind.Tracepoints => attacher.AttachTracepoints(matches.Countables),
            _ => attacher.AttachKernelFunctions(matches.Countables),
        };
        if (target.Kind == FuncCountKind.KernelFunctions && matches.Note.Length > 0)
        {
            request.Note(matches.Note);
        }

        List<Skipped> skipped = [.. matches.Skipped, .. attacher.Skipped];
        TellSkipped(request, target, skipped);
        int counted = attacher.Counted;
        return new FuncCountTracing(source, $"Tracing {counted} {(counted == 1 ? target.Things[..^1] : target.Things)} for \"{Output.Sinks.Escaping.Escape(target.Text)}\"... Hit Ctrl-C to end.", target.Kind, budget);
    }

    // Of one process or command it is that which pays, and who named it meant it.
    private static double? BudgetOf(ToolRequest request)
    {
        const double Default = 30;
        if (request.ValueOf(FuncCountOptions.MaxOverhead) is not { } text)
        {
            return request.Pid != 0 || request.ProcessTree != 0 ? null : Default / 100;
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and <= 100
            ? percent / 100
            : throw new BadArgumentException($"the most overhead must be a number of percent, above 0 and at most 100, but is '{text}'");
    }

    /// <inheritdoc/>
    public ToolExamination Examine() => FuncCountExamination.Of(this, Kernel.Running);

    // Before anything is attached.
    private static void Warn(ToolRequest request, FuncCountTarget target, Matches matches, int places)
    {
        if (target.Kind != FuncCountKind.KernelFunctions && matches.Note.Length > 0)
        {
            request.Note(matches.Note);
        }

        // The system calls are two tracepoints, however many there are, and others cost little, unless each needs a program of its own.
        int others = matches.Countables.Count(static one => !one.Name.StartsWith("syscalls:", StringComparison.Ordinal));
        if (target.Kind == FuncCountKind.Tracepoints && others > Many && !FuncCountProbeSource.HasCookies(Kernel.Running, ProgramType.RawTracepoint))
        {
            request.Note($"attaching to {others} tracepoints, each with a program of its own, because this kernel has no cookies for them (Linux 6.10): that takes a few milliseconds each");
        }

        if (places > Many && target.Kind != FuncCountKind.Tracepoints)
        {
            request.Note($"attaching to {places} {target.Things}: {CostOf(target.Kind)}");
        }
    }

    private static FuncCountProbe.Constants ConstantsOf(ToolRequest request, Kernel kernel)
    {
        if (request.ValueOf(FuncCountOptions.Cpu) is not { } text)
        {
            return new();
        }

        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint cpu) && cpu < (uint)kernel.PossibleCpus
            ? new() { Mode = FuncCountMode.OneCpu, Cpu = cpu }
            : throw new BadArgumentException($"there is no CPU '{text}': they are 0 to {kernel.PossibleCpus - 1}");
    }

    private static void MustNotBeTooMany(ToolRequest request, FuncCountTarget target, int places)
    {
        int most = FuncCountOptions.DefaultMost;
        if (request.ValueOf(FuncCountOptions.Most) is { } text && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out most) && most > 0))
        {
            throw new BadArgumentException($"the most {target.Things} must be a whole number above 0, but is '{text}'");
        }

        if (places > most)
        {
            throw new CannotRunException(
                $"{places} {target.Things} match '{target.Text}', more than {most}: choose fewer with a narrower pattern, or say with {FuncCountOptions.Most.Name} {places} that it is meant");
        }
    }

    private static string CostOf(FuncCountKind kind) => kind switch
    {
        FuncCountKind.UserFunctions or FuncCountKind.StaticProbes => "each of their calls will take about a microsecond longer, in every process that uses the file",
        _ => "each of their calls will take longer, by a fraction of a microsecond; on a busy machine the hot ones among them can be felt",
    };

    private static void TellSkipped(ToolRequest request, FuncCountTarget target, List<Skipped> skipped)
    {
        const int Shown = 5;
        foreach (IGrouping<string, Skipped> group in skipped.GroupBy(static one => one.Reason, StringComparer.Ordinal))
        {
            string[] names = [.. group.Select(static one => one.Name).Distinct(StringComparer.Ordinal)];
            string list = string.Join(", ", names.Take(Shown)) + (names.Length > Shown ? $" and {names.Length - Shown} more" : "");
            request.Note($"not counted: {names.Length} {(names.Length == 1 ? target.Things[..^1] : target.Things)} ({list}): {group.Key}");
        }
    }
}
