using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.FuncCount;

// Places in files. A uprobe is in a file, and whose memory gets its breakpoint is the kernel's question to who asked for it:
// https://github.com/torvalds/linux/blob/v6.18/kernel/events/uprobes.c (consumer_filter). A child that is forked has the breakpoints of its parent in its
// copy of the memory until it runs another program, and passes them without being counted (uprobe_dup_mmap, uprobe_mmap).
internal sealed partial class FuncCountAttacher
{
    // What the kernel keeps for each place of each link is about 150 bytes, in memory that is never swapped.
    private const int MostConsumers = 300_000;

    /// <summary>Told how many attachments will take their time to detach, before they are made.</summary>
    public Action<int> TellDetaching { get; init; } = static _ => { };

    /// <summary>Attaches to places of a file: functions or static probes.</summary>
    /// <param name="countables">What is counted.</param>
    /// <param name="path">The file.</param>
    /// <param name="scope">In which processes.</param>
    public FuncCountProbeSource AttachUserPlaces(IReadOnlyList<Countable> countables, string path, FuncCountScope scope)
    {
        FuncCountProbeSource source = NewSource(countables);
        return Guarded(source, () =>
        {
            List<(int Index, UserProbe Place)> places = PlacesOf(countables, static one => one.Places);
            if (TryUserMany(source, places, path, scope) is { } many && !source.IsStopping)
            {
                Begin(source);
                AttachUserSingles(source, places, path, scope, many);
            }
        });
    }

    private BpfException? TryUserMany(FuncCountProbeSource source, List<(int Index, UserProbe Place)> places, string path, FuncCountScope scope)
    {
        if (!FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe))
        {
            return new FeatureNotSupportedException("attach to", "many places", 0, "uprobe_multi (Linux 6.6)");
        }

        // A link of one process is that of one thread before Linux 6.10 and some of the stable kernels before.
        bool byThread = scope.Reach != FuncCountReach.Everywhere && kernel.Probe(KernelFeatures.UprobeMultiProcess).Support != FeatureSupport.Yes;
        source.Follow = (scope.Grows ? FuncCountFollow.Processes : 0) | (byThread ? FuncCountFollow.Threads : 0);
        BpfProgram program = source.Load(1, FuncCountProbe.Programs.UserFunctions).Object.GetProgram(FuncCountProbe.Programs.UserFunctions);
        BpfLink? Attach(IReadOnlyList<(int Index, UserProbe Place)> some, int who, out BpfException? error) => program.TryAttachUprobes(
            path,
            [.. some.Select(one => one.Place with { Cookie = (uint)one.Index | (source.Countables[one.Index].IsStepped ? 1UL << FuncCountMode.StepShift : 0) })],
            who, out error);

        // Tried in this process alone, which has the file in its memory for that: a place that the kernel refuses fails the whole link, and to look for
        // it in halves must not stop those that run the file; and who maps the file only later gets no answer at all.
        var good = new List<(int Index, UserProbe Place)>();
        using (UserFileMapping.Open(kernel, path))
        {
            if (FindAttachable(places, source.Countables, (some, out error) => Attach(some, Environment.ProcessId, out error), good.AddRange, keep: null) is { } reason)
            {
                return reason;
            }
        }

        if (good.Count == 0 || source.IsStopping)
        {
            return null;
        }

        if (scope.Reach == FuncCountReach.Everywhere || (scope.Reach == FuncCountReach.OneProcess && !byThread))
        {
            return FindAttachable(good, source.Countables, (some, out error) => Attach(some, scope.Process, out error), Remember, source.Add);
        }

        AttachToProcesses(source, good.Count, scope, byThread, (int task, out BpfException? error) => Attach(good, task, out error) is { } link ? [link] : null);
        Remember(good);
        return null;
    }

    private void AttachUserSingles(FuncCountProbeSource source, List<(int Index, UserProbe Place)> places, string path, FuncCountScope scope, BpfException many)
    {
        MustBeFew(places.Count, many.Advice);
        bool hasCookies = FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe);
        if (!scope.Grows)
        {
            // A perf event of one thread sets its breakpoint in the memory of the whole process, and the program runs for all of its threads:
            // https://github.com/torvalds/linux/blob/v6.1/kernel/trace/trace_uprobe.c (uprobe_perf_filter, __uprobe_perf_func)
            TellDetaching(places.Count);
            source.AttachEach(FuncCountProbe.Programs.UserFunction, hasCookies, places,
                (program, place, cookie) => program.AttachUprobe(path, place with { Cookie = cookie }, scope.Process), null,
                (index, e) => Skip(source.Countables[index], e), index => _attached.Add(index));
            return;
        }

        source.Follow = FuncCountFollow.Processes;
        (BpfProgram Program, UserProbe Place, int Index)[] all =
        [
            .. places.Select(one => (source.ProgramFor(FuncCountProbe.Programs.UserFunction, hasCookies, one.Index, "", out _), one.Place with { Cookie = hasCookies ? (ulong)one.Index : 0 }, one.Index)),
        ];
        AttachToProcesses(source, places.Count, scope, byThread: false, (int task, out BpfException? error) =>
        {
            var links = new List<BpfLink>();
            error = null;
            foreach ((BpfProgram program, UserProbe place, int index) in all)
            {
                if (source.IsStopping)
                {
                    break;
                }

                try
                {
                    links.Add(program.AttachUprobe(path, place, task));
                }
                catch (BpfException e) when (FuncCountProbeSource.IsAboutThePlace(e))
                {
                    error = e;
                }
            }

            return links.Count > 0 ? links : null;
        }, MostSingles);
        Remember(places);
    }

    private static void AttachToProcesses(FuncCountProbeSource source, int places, FuncCountScope scope, bool byThread, AttachToTask attach, int mostPlaces = MostConsumers)
    {
        int most = Math.Max(1, mostPlaces / places);
        var links = new ProcessLinks(attach, byThread, most);
        source.Add(links, null);

        // Those that come are told from here on, so that none is in between.
        source.AttachFilter();
        IReadOnlyList<int> now = scope.Now();
        if (now.Count > most)
        {
            throw new CannotRunException(
                $"{now.Count} processes match, and this kernel can be asked for {places} places in {most} at a time: choose fewer functions, one process with -p, "
                + $"or attach for all processes at once with {FuncCountOptions.AllProcesses.Name}");
        }

        foreach (int process in now)
        {
            if (source.IsStopping)
            {
                return;
            }

            // Of several, one that has ended meanwhile is no loss.
            if (links.TryAttach(process, anew: false, out BpfException? error) == AttachOutcome.Refused && error is not null
                && (!scope.Grows || !ProcessTable.HasEnded(process)))
            {
                throw error;
            }
        }

        source.Add(links, scope);
    }
}
