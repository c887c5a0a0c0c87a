using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Output.Rows;
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
        FuncCountScope scope = target.IsInFile ? FuncCountScope.Of(request) : new FuncCountScope(FuncCountReach.Everywhere);
        FuncCountProbe.Constants constants = ConstantsOf(request, kernel);
        int most = request.Get(FuncCountOptions.Most);

        // Once the end is asked for, the result is all there is to say.
        ToolRequest talk = request with { Note = note => { if (!request.Stop.IsCancellationRequested) { request.Note(note); } } };
        FuncCountAttacher? attaching = null;
        FuncCountStart start = FuncCountStart.Run(request, start =>
        {
            var attacher = new FuncCountAttacher(kernel, constants, new TaskFilterSetup(request), source => start.Source = source, start.Stop)
            {
                TellDetaching = count => TellDetaching(talk, count),
                TellPrices = prices => TellPrices(talk, start.Source?.Countables ?? [], scope, prices),
            };
            attaching = attacher;
            Matches matches = Find(kernel, target, request.Pid, scope, most, out UserFile file);
            int places = matches.Countables.Sum(static one => Math.Max(1, one.Addresses.Count + one.Places.Count));
            FuncCountOptions.MustNotBeTooMany(target, places, most);
            Warn(talk, kernel, target, matches, places, scope, file);
            start.Doing = $"attaching to {places} {target.Things}";
            if (start.Stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                _ = target.Kind switch
                {
                    FuncCountKind.UserFunctions or FuncCountKind.StaticProbes => attacher.AttachUserPlaces(matches.Countables, target.Kind == FuncCountKind.StaticProbes, file.Path, scope),
                    FuncCountKind.Tracepoints => attacher.AttachTracepoints(matches.Countables),
                    _ => attacher.AttachKernelFunctions(matches.Countables),
                };
            }
            catch (BpfException) when (HasEnded(scope))
            {
                throw FuncCountScope.Ended(scope.Process);
            }
            catch (CannotRunException) when (HasEnded(scope))
            {
                throw FuncCountScope.Ended(scope.Process);
            }

            if (target.Kind == FuncCountKind.KernelFunctions && matches.Note.Length > 0)
            {
                talk.Note(matches.Note);
            }

            TellSkipped(talk, target, [.. matches.Skipped, .. attacher.Skipped]);
        });

        // Where the end was asked for while it attached, some are attached to all the same.
        string Banner()
        {
            int counted = attaching?.Counted ?? 0;
            return $"Tracing {counted} {(counted == 1 ? target.Things[..^1] : target.Things)} for \"{Escaping.Escape(target.Text)}\"... Hit Ctrl-C to end.";
        }

        return new FuncCountTracing(start, Banner, request);
    }

    private static Matches Find(Kernel kernel, FuncCountTarget target, int process, FuncCountScope scope, int most, out UserFile file)
    {
        var finder = new MatchFinder(kernel) { Most = most };
        file = default;
        if (ProcessTable.HasLostFirstThread(process) && scope.Reach == FuncCountReach.OneProcess)
        {
            throw new CannotRunException(
                $"the first thread of process {process} has ended while others run, and the kernel knows the process by that one: add {FuncCountOptions.AllProcesses.Name}, "
                + "which sets breakpoints in all processes that use the file, and counts in this one");
        }

        try
        {
            return target.Kind switch
            {
                FuncCountKind.UserFunctions => finder.UserFunctions(target, ProcessTable.ShownAs(process), out file),
                FuncCountKind.StaticProbes => finder.StaticProbes(target, ProcessTable.ShownAs(process), out file),
                FuncCountKind.Tracepoints => finder.Tracepoints(target),
                _ => finder.KernelFunctions(target),
            };
        }
        catch (BpfException) when (process != 0 && ProcessTable.HasEnded(process))
        {
            throw FuncCountScope.Ended(process);
        }
    }

    private static bool HasEnded(FuncCountScope scope) => scope.Reach == FuncCountReach.OneProcess && ProcessTable.HasEnded(scope.Process);

    /// <inheritdoc/>
    public ToolExamination Examine() => FuncCountExamination.Of(this, Kernel.Running);

    // Before anything is attached.
    private static void Warn(ToolRequest request, Kernel kernel, FuncCountTarget target, Matches matches, int places, FuncCountScope scope, UserFile file)
    {
        if (target.Kind != FuncCountKind.KernelFunctions && matches.Note.Length > 0)
        {
            request.Note(matches.Note);
        }

        // The system calls are two tracepoints, however many there are, and others cost little, unless each needs a program of its own.
        int others = matches.Countables.Count(static one => !one.Name.StartsWith("syscalls:", StringComparison.Ordinal));
        if (target.Kind == FuncCountKind.Tracepoints && others > Many && !FuncCountProbeSource.HasCookies(kernel, ProgramType.RawTracepoint))
        {
            request.Note($"attaching to {others} tracepoints, each with a program of its own, because this kernel has no cookies for them (Linux 6.10): that takes a few milliseconds each");
        }

        if (target.IsInFile && scope.Reach is FuncCountReach.Command or FuncCountReach.Cgroup)
        {
            MustNotReachTooMany(request, target, places, scope);
        }

        if (target.IsInFile && scope.Reach == FuncCountReach.Everywhere)
        {
            WarnEverybody(request, kernel, target, places, file);
        }
        else if (target.Kind == FuncCountKind.KernelFunctions && places > Many)
        {
            request.Note($"attaching to {places} functions: each of their calls will take longer, by a fraction of a microsecond; on a busy machine the hot ones among them can be felt");
        }
    }

    private static void MustNotReachTooMany(ToolRequest request, FuncCountTarget target, int places, FuncCountScope scope)
    {
        if (places <= FuncCountOptions.MostEverywhere || request.Has(FuncCountOptions.Most))
        {
            return;
        }

        int reached = scope.Now().Count;
        if (reached > FuncCountOptions.MostReached)
        {
            throw new CannotRunException(
                $"{places} {target.Things} match '{target.Text}', and their breakpoints would be set in {reached} processes: "
                + $"choose one process with -p, or fewer with a narrower pattern, or say with {FuncCountOptions.Most.Name} {places} that it is meant");
        }
    }

    private static void WarnEverybody(ToolRequest request, Kernel kernel, FuncCountTarget target, int places, UserFile file)
    {
        using UserFileMapping mapping = UserFileMapping.Open(kernel, file.Path);
        int mappers = ProcessTable.CountMappers(mapping);
        string who = mappers switch
        {
            0 => "none that can be seen uses it now",
            1 => "at least 1 uses it now",
            _ => $"at least {mappers} use it now",
        };
        if (places > FuncCountOptions.MostEverywhere && !request.Has(FuncCountOptions.AllProcesses))
        {
            throw new CannotRunException(
                $"{places} {target.Things} match '{target.Text}', and their breakpoints would be set in every process that uses {file.ShownPath} ({who}): "
                + $"choose one process with -p, or fewer with a narrower pattern, or say with {FuncCountOptions.AllProcesses.Name} that it is meant");
        }

        request.Note(
            $"attaching to {places} {(places == 1 ? target.Things[..^1] : target.Things)} in every process that uses {file.ShownPath} ({who}): "
            + $"each call there takes longer, whoever is counted{(request.Pid == 0 ? "; -p PID keeps it to one process" : "")}");
    }

    // What a hit costs is known before anything is attached; how many there will be is not.
    private static void TellPrices(ToolRequest request, IReadOnlyList<Countable> countables, FuncCountScope scope, HitPrices prices)
    {
        int stepped = countables.Count(static one => one.IsStepped), usual = countables.Count - stepped;
        string costs = (usual, stepped) switch
        {
            (_, 0) => $"each hit costs {prices.User}",
            (0, _) => $"each hit costs {prices.Stepped}",
            _ => $"each hit costs {prices.User}, and {prices.Stepped} of {stepped} of the {countables.Count}",
        };
        string reach = request.Budget is not { } budget ? "" : string.Create(CultureInfo.InvariantCulture,
            $"; the budget of {budget * 100:0.##} % is used up by {budget * Environment.ProcessorCount * 1e9 / (usual > 0 ? prices.User : prices.Stepped).Ns:N0} a second");
        request.Note($"{costs}, {scope.Payers}{reach}");
    }

    // Before they are attached, and on a kernel that has nothing better.
    private static void TellDetaching(ToolRequest request, int count)
    {
        const int Few = 20;
        const double Seconds = 0.06;
        if (count > Few)
        {
            request.Note($"this kernel takes its time to detach each of {count} single probes: ending takes about {Math.Ceiling(count * Seconds)} s; a second Ctrl-C leaves that to the kernel");
        }
    }

    private static FuncCountProbe.Constants ConstantsOf(ToolRequest request, Kernel kernel)
    {
        int cpu = request.Get(FuncCountOptions.Cpu);
        return !request.Has(FuncCountOptions.Cpu) ? new()
            : cpu < kernel.PossibleCpus ? new() { OneCpu = true, Cpu = (uint)cpu }
            : throw new CannotRunException($"there is no CPU {cpu}: they are 0 to {kernel.PossibleCpus - 1}");
    }

    private static void TellSkipped(ToolRequest request, FuncCountTarget target, IReadOnlyList<Skipped> skipped)
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
