using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
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

    /// <summary>Told what a hit costs, before anything is attached to what is counted.</summary>
    public Action<HitPrices> TellPrices { get; init; } = static _ => { };

    /// <summary>Attaches to places of a file: functions or static probes.</summary>
    /// <param name="countables">What is counted.</param>
    /// <param name="isStatic">Whether they are static probes.</param>
    /// <param name="path">The file.</param>
    /// <param name="scope">In which processes.</param>
    public FuncCountProbeSource AttachUserPlaces(IReadOnlyList<Countable> countables, bool isStatic, string path, FuncCountScope scope)
    {
        FuncCountProbeSource source = NewSource(countables);
        return Guarded(source, () =>
        {
            List<(int Index, UserProbe Place)> places = PlacesOf(countables, static one => one.Places);
            if (TryUserMany(source, places, isStatic, path, scope) is { } many && !source.IsStopping)
            {
                Begin(source);
                AttachUserSingles(source, places, isStatic, path, scope, many);
            }
        });
    }

    private BpfException? TryUserMany(FuncCountProbeSource source, List<(int Index, UserProbe Place)> places, bool isStatic, string path, FuncCountScope scope)
    {
        if (!FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe))
        {
            return new FeatureNotSupportedException("attach to", "many places", 0, "uprobe_multi (Linux 6.6)");
        }

        // A link of one process is that of one thread before Linux 6.10 and some of the stable kernels before.
        bool byThread = scope.Reach != FuncCountReach.Everywhere && kernel.Probe(KernelFeatures.UprobeMultiProcess).Support != FeatureSupport.Yes;
        source.Follow = (scope.Grows ? FuncCountFollow.Processes : 0) | (byThread ? FuncCountFollow.Threads : 0);
        BpfProgram program = source.Load(1, FuncCountProbe.Programs.UserFunctions).Object.GetProgram(FuncCountProbe.Programs.UserFunctions);
        BpfLink? Attach(IReadOnlyList<(int Index, UserProbe Place)> some, int who, int owner, out BpfException? error) => program.TryAttachUprobes(
            path,
            [.. some.Select(one => one.Place with { Cookie = CookieOf(source, one.Index) | Owner(owner) })],
            who, out error);

        // Tried in this process alone, which has the file in its memory for that: a place that the kernel refuses fails the whole link, and to look for
        // it in halves must not stop those that run the file; and who maps the file only later gets no answer at all.
        var good = new List<(int Index, UserProbe Place)>();
        using (UserFileMapping.Open(kernel, path))
        {
            if (FindAttachable(places, source.Countables, (some, out error) => Attach(some, Environment.ProcessId, 0, out error), good.AddRange, keep: null) is { } reason)
            {
                return reason;
            }
        }

        if (good.Count == 0 || source.IsStopping)
        {
            return null;
        }

        // Behind the trial, which says whether there are such links at all.
        source.MeasurePrices(isStatic, (own, some) => program.TryAttachUprobes(own, [.. some.Select(WithTrialCookie)], Environment.ProcessId, out _) is { } link ? [link] : null);
        TellPrices(source.Prices);

        if (scope.Reach == FuncCountReach.Everywhere || (scope.Reach == FuncCountReach.OneProcess && !byThread))
        {
            return FindAttachable(good, source.Countables, (some, out error) => Attach(some, scope.Process, 0, out error), Remember, source.Add);
        }

        Remember(good);
        AttachToProcesses(
            source, good.Count, scope, byThread, (int task, out BpfException? error) => Attach(good, task, byThread ? 0 : task, out error) is { } link ? [link] : null, MostConsumers / good.Count, 1);
        return null;
    }

    private void AttachUserSingles(
        FuncCountProbeSource source, List<(int Index, UserProbe Place)> places, bool isStatic, string path, FuncCountScope scope, BpfException many)
    {
        MustBeFew(places.Count, many.Advice);
        bool hasCookies = FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe);
        // Known before the first program is loaded, which is the one that is measured.
        source.Follow = scope.Grows ? FuncCountFollow.Processes : 0;
        MeasureSingles(source, isStatic, hasCookies);
        if (!scope.Grows)
        {
            // A perf event of one thread sets its breakpoint in the memory of the whole process, and the program runs for all of its threads:
            // https://github.com/torvalds/linux/blob/v6.1/kernel/trace/trace_uprobe.c (uprobe_perf_filter, __uprobe_perf_func)
            TellDetaching(places.Count);
            source.AttachEach(FuncCountProbe.Programs.UserFunction, hasCookies, places,
                (program, place, cookie) => program.AttachUprobe(path, place with { Cookie = hasCookies ? CookieOf(source, (int)cookie) : 0 }, scope.Process), null,
                (index, e) => Skip(source.Countables[index], e), index => _attached.Add(index));
            return;
        }

        TellDetaching(places.Count);
        (BpfProgram Program, UserProbe Place, int Index)[] all =
        [
            .. places.Select(one => (source.ProgramFor(FuncCountProbe.Programs.UserFunction, hasCookies, one.Index, "", out _), one.Place, one.Index)),
        ];

        // What the first process cannot be attached to at is left out, and named; where a later one cannot be attached to as the first, it is not at all.
        int expected = 0;
        AttachToProcesses(source, places.Count, scope, byThread: false, (int task, out BpfException? error) =>
        {
            var links = new List<BpfLink>();
            var failed = new List<(int Index, BpfException Error)>();
            var done = new List<int>();
            try
            {
                foreach ((BpfProgram program, UserProbe place, int index) in all)
                {
                    if (source.IsStopping)
                    {
                        break;
                    }

                    try
                    {
                        links.Add(program.AttachUprobe(path, place with { Cookie = hasCookies ? CookieOf(source, index) | Owner(task) : 0 }, task));
                        done.Add(index);
                    }
                    catch (BpfException e) when (FuncCountProbeSource.IsAboutThePlace(e))
                    {
                        failed.Add((index, e));
                    }
                }
            }
            catch
            {
                Close(links);
                throw;
            }

            error = failed.Count > 0 ? failed[0].Error : null;
            if (expected == 0 && links.Count > 0 && !ProcessTable.HasEnded(task))
            {
                expected = links.Count;
                failed.ForEach(one => Skip(source.Countables[one.Index], one.Error));
                _attached.UnionWith(done);
            }

            if (links.Count < expected && !source.IsStopping)
            {
                Close(links);
                return null;
            }

            return links.Count > 0 ? links : null;
        }, MostSingles / places.Count, places.Count, () =>
        {
            if (expected == 0)
            {
                expected = all.Length;
                Remember(places);
            }
        });
    }

    private static void Close(List<BpfLink> links)
    {
        var set = new LinkSet();
        links.ForEach(set.Add);
        set.Dispose();
    }

    private static ulong CookieOf(FuncCountProbeSource source, int index) => (uint)index | (source.Countables[index].IsStepped ? 1UL << FuncCountCookie.StepShift : 0);

    // Of no place that counts.
    private static UserProbe WithTrialCookie(UserProbe place) =>
        place with { Cookie = uint.MaxValue | (place.Offset == ProbeTarget.Stepped ? 1UL << FuncCountCookie.StepShift : 0) };

    // Each of these takes its time to detach, too, so that only what nearly all places are is measured. Without cookies a hit would count as one of the
    // first place: there the price stays an estimate.
    private void MeasureSingles(FuncCountProbeSource source, bool isStatic, bool hasCookies)
    {
        if (hasCookies && !source.IsStopping)
        {
            BpfProgram program = source.ProgramFor(FuncCountProbe.Programs.UserFunction, hasCookies, 0, "", out _);
            source.MeasurePrices(isStatic, (own, some) =>
            {
                try
                {
                    return [.. some.Select(place => program.AttachUprobe(own, WithTrialCookie(place), Environment.ProcessId))];
                }
                catch (BpfException e) when (FuncCountProbeSource.IsAboutThePlace(e))
                {
                    return null;
                }
            });
        }

        TellPrices(source.Prices);
    }

    private static ulong Owner(int process) => (ulong)(uint)process << FuncCountCookie.OwnerShift;

    // What the process may have open is the bound, too; some is left for everything else.
    private int MostLinks()
    {
        const int Reserve = 64;
        ulong soft = kernel.Calls.GetLimit(ResourceLimit.OpenFiles).Soft;
        return (int)Math.Max(0, (long)Math.Min(soft, int.MaxValue) - Reserve);
    }

    private void AttachToProcesses(
        FuncCountProbeSource source, int places, FuncCountScope scope, bool byThread, AttachToTask attach, int most, int linksEach, Action? began = null)
    {
        most = Math.Max(1, Math.Min(most, MostLinks() / linksEach));
        var links = new ProcessLinks(attach, byThread, most);
        source.Add(links, null);

        // Those that come are told from here on, so that none is in between.
        source.AttachFilter();
        IReadOnlyList<int> now = scope.Now();
        if (now.Count > most)
        {
            throw new CannotRunException(
                $"{now.Count} processes match, and {places} places can be attached to in {most} at a time here (what the kernel keeps, and what this process may have open, is bounded): "
                + $"choose fewer functions, one process with -p, or attach for all processes at once with {FuncCountOptions.AllProcesses.Name}");
        }

        foreach (int process in now)
        {
            if (source.IsStopping)
            {
                return;
            }

            if (links.TryAttach(process, anew: false, out BpfException? error) != AttachOutcome.Refused || source.IsStopping)
            {
                continue;
            }

            if (!scope.Grows)
            {
                throw error ?? (Exception)FuncCountScope.Ended(process);
            }

            // Of several, one that has ended meanwhile is no loss.
            ProcessLife life = ProcessTable.LifeOf(process, out _);
            if (life == ProcessLife.LostFirstThread)
            {
                links.CountMissed(error?.Advice);
            }
            else if (life != ProcessLife.Ended && error is not null)
            {
                throw error;
            }
        }

        began?.Invoke();
        source.Add(links, scope);
    }
}
