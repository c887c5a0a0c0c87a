using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>Attaches to what a pattern matches, the best way that the kernel has; what cannot be attached to is left out, and noted.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="constants">What is asked besides the places.</param>
/// <param name="filter">Which tasks count.</param>
/// <param name="made">Told of what counts, before it does.</param>
/// <param name="stop">Ends counting and attaching.</param>
internal sealed partial class FuncCountAttacher(
    Kernel kernel, FuncCountProbe.Constants constants, TaskFilterSetup filter, Action<FuncCountProbeSource> made, CancellationToken stop)
{
    // One by one, each takes a system call to attach and tens of milliseconds to detach.
    private const int MostSingles = 500;

    // A trampoline is code of its own for each function.
    private const int MostTrampolines = 16;

    // So many places that cannot be attached to, and none that can, mean that it is not the places.
    private const int Hopeless = 8;

    private readonly List<Skipped> _skipped = [];
    private readonly HashSet<int> _attached = [];

    /// <summary>What could not be attached to, or not at all of its places.</summary>
    public IReadOnlyList<Skipped> Skipped => _skipped;

    /// <summary>How many things are counted.</summary>
    public int Counted => _attached.Count;

    /// <summary>Attaches to functions of the kernel.</summary>
    public FuncCountProbeSource AttachKernelFunctions(IReadOnlyList<Countable> countables)
    {
        var source = NewSource(countables);
        return Guarded(source, () =>
        {
            List<(int Index, ulong Place)> places = PlacesOf(countables, static one => one.Addresses);
            if (TryKernelMany(source, places) is not { } many)
            {
                return;
            }

            Begin(source);
            if (source.IsStopping)
            {
                return;
            }

            if (TryKernelSingles(source, countables, places, many) is not { } singles)
            {
                return;
            }

            Begin(source);
            if (TryTrampolines(source, countables) is { } trampolines)
            {
                throw new CannotRunException(
                    $"functions of the kernel cannot be counted here. All at once (kprobe_multi): {many.Advice} One by one (kprobes): {singles.Advice} By trampoline "
                    + $"(fentry): {trampolines.Advice} Tracepoints ('t:*') and functions of libraries ('c:*') can be counted all the same",
                    singles);
            }
        });
    }

    /// <summary>Attaches to tracepoints. The system calls are all counted by two programs.</summary>
    public FuncCountProbeSource AttachTracepoints(IReadOnlyList<Countable> countables)
    {
        var source = NewSource(countables);
        return Guarded(source, () =>
        {
            var calls = new SystemCallPlaces[SystemCallPlaces.Count];
            var others = new List<(int, Countable)>();
            bool entries = false, exits = false;
            for (int i = 0; i < countables.Count; i++)
            {
                if (!IsSystemCall(countables[i], out bool isEntry, out int number))
                {
                    others.Add((i, countables[i]));
                }
                else if (number < 0)
                {
                    _skipped.Add(new(countables[i].Name, "its number is not known here"));
                }
                else if (isEntry)
                {
                    entries = true;
                    _attached.Add(i);
                    calls[number].Entry = (uint)i + 1;
                }
                else
                {
                    exits = true;
                    _attached.Add(i);
                    calls[number].Exit = (uint)i + 1;
                }
            }

            if (entries || exits)
            {
                string[] programs = [.. entries ? [FuncCountProbe.Programs.CallEntered] : (string[])[], .. exits ? [FuncCountProbe.Programs.CallLeft] : (string[])[]];
                bool together = others.Count > 0 && FuncCountProbeSource.HasCookies(kernel, ProgramType.RawTracepoint);
                FuncCountProbe.Loaded loaded = source.Load(calls.Length, together ? [.. programs, FuncCountProbe.Programs.Tracepoint] : programs);
                for (int i = 0; i < calls.Length; i++)
                {
                    loaded.Calls[i] = calls[i];
                }

                CostMeter.Measure(loaded, () =>
                {
                    foreach (string program in programs)
                    {
                        source.Add(loaded.Object.GetProgram(program).Attach());
                    }
                });
            }

            if (others.Count > 0)
            {
                bool hasCookies = FuncCountProbeSource.HasCookies(kernel, ProgramType.RawTracepoint);
                source.AttachEach(FuncCountProbe.Programs.Tracepoint, hasCookies, others,
                    static (program, one, cookie) => program.AttachTracepoint(one.Symbol, cookie), null, (index, e) => Skip(countables[index], e), index => _attached.Add(index));
            }
        });
    }

    private static bool IsSystemCall(Countable one, out bool isEntry, out int number)
    {
        const string Entry = "sys_enter_", Exit = "sys_exit_";
        isEntry = one.Symbol.StartsWith(Entry, StringComparison.Ordinal);
        bool isExit = one.Symbol.StartsWith(Exit, StringComparison.Ordinal);
        number = isEntry ? SystemCalls.Find(one.Symbol[Entry.Length..]) : isExit ? SystemCalls.Find(one.Symbol[Exit.Length..]) : -1;
        return (isEntry || isExit) && one.Name.StartsWith("syscalls:", StringComparison.Ordinal);
    }

    private static FuncCountProbeSource Guarded(FuncCountProbeSource source, Action attach)
    {
        try
        {
            attach();
            source.AttachFilter();
            return source;
        }
        catch when (source.IsStopping)
        {
            // The end was asked for meanwhile: what is counted so far is what is wanted, and who asked has it.
            return source;
        }
        catch
        {
            // As above, if that was asked for only now.
            if (!source.Reset())
            {
                return source;
            }

            source.Dispose();
            throw;
        }
    }

    private FuncCountProbeSource NewSource(IReadOnlyList<Countable> countables)
    {
        var source = new FuncCountProbeSource(kernel, constants, filter, countables, stop);
        made(source);
        return source;
    }

    private static List<(int Index, T Place)> PlacesOf<T>(IReadOnlyList<Countable> countables, Func<Countable, IReadOnlyList<T>> places) =>
        [.. countables.SelectMany((one, index) => places(one).Select(place => (index, place)))];

    private BpfException? TryKernelMany(FuncCountProbeSource source, List<(int Index, ulong Place)> places)
    {
        if (!FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe))
        {
            return new FeatureNotSupportedException("attach to", "many functions", 0, "kprobe_multi with cookies (Linux 5.18)");
        }

        BpfProgram program = source.Load(1, FuncCountProbe.Programs.KernelFunctions).Object.GetProgram(FuncCountProbe.Programs.KernelFunctions);
        return FindAttachable(places, source.Countables, (some, out error) => some[0].Place == 0
            ? program.TryAttachKprobes([.. some.Select(one => source.Countables[one.Index].Symbol)], [.. some.Select(static one => (ulong)one.Index)], out error)
            : program.TryAttachKprobes([.. some.Select(static one => one.Place)], [.. some.Select(static one => (ulong)one.Index)], out error), Remember, source.Add);
    }

    private delegate BpfLink? AttachSome<T>(IReadOnlyList<(int Index, T Place)> places, out BpfException? error);

    // One link for all; where that fails because of some places, halves are tried, down to the places that are to blame. Null if it is done,
    // otherwise why it cannot be. Links that nobody keeps end at once.
    private BpfException? FindAttachable<T>(
        List<(int Index, T Place)> places, IReadOnlyList<Countable> countables, AttachSome<T> attach, Action<List<(int Index, T Place)>> found, Action<BpfLink>? keep)
    {
        int before = _skipped.Count, attached = 0;
        BpfException? first = null;
        var waiting = new Stack<List<(int Index, T Place)>>([places]);
        while (!stop.IsCancellationRequested && waiting.TryPop(out List<(int Index, T Place)>? some))
        {
            BpfLink? link = attach(some, out BpfException? error);
            if (link is not null)
            {
                if (keep is null)
                {
                    link.Dispose();
                }
                else
                {
                    keep(link);
                }

                attached += some.Count;
                found(some);
                continue;
            }

            if (error is MissingCapabilityException or LockdownException or KernelPolicyException || error!.ErrorName is "ESRCH" && typeof(T) == typeof(UserProbe))
            {
                // Of user places ESRCH is a process that has ended.
                throw error;
            }

            first ??= error!;
            bool isAboutPlaces = error!.ErrorName is "EINVAL" or "ENOENT" or "ESRCH" or "ENOTSUPP" or "EILSEQ" or "EADDRNOTAVAIL";
            if (isAboutPlaces && some.Count > 1)
            {
                waiting.Push(some[(some.Count / 2)..]);
                waiting.Push(some[..(some.Count / 2)]);
                continue;
            }

            if (isAboutPlaces)
            {
                Skip(countables[some[0].Index], error);
            }

            if (!isAboutPlaces || (attached == 0 && (_skipped.Count - before >= Hopeless || waiting.Count == 0)))
            {
                _skipped.RemoveRange(before, _skipped.Count - before);
                return first;
            }
        }

        return null;
    }

    private BpfException? TryKernelSingles(FuncCountProbeSource source, IReadOnlyList<Countable> countables, List<(int Index, ulong Place)> places, BpfException many)
    {
        int before = _skipped.Count;
        try
        {
            bool hasCookies = FuncCountProbeSource.HasCookies(kernel, ProgramType.Kprobe);

            // Some first: where there are no kprobes at all, they say so, and the number of functions does not matter.
            int first = Math.Min(Hopeless, places.Count);
            Each(places[..first]);
            MustBeFew(places.Count, many.Advice);
            TellDetaching(places.Count);
            if (first < places.Count)
            {
                Each(places[first..]);
            }

            return null;

            void Each(List<(int Index, ulong Place)> some) => source.AttachEach(FuncCountProbe.Programs.KernelFunction, hasCookies,
                [.. some.Select(static one => (one.Index, one))], Attach, null, (index, e) => Skip(countables[index], e), index => _attached.Add(index));
        }
        catch (BpfException e) when (e is AttachException or KernelPolicyException or FeatureNotSupportedException)
        {
            _skipped.RemoveRange(before, _skipped.Count - before);
            return e;
        }

        BpfLink Attach(BpfProgram program, (int Index, ulong Address) place, ulong cookie) =>
            program.AttachKprobe(place.Address == 0 ? countables[place.Index].Symbol : "", place.Address, cookie);
    }

    private BpfException? TryTrampolines(FuncCountProbeSource source, IReadOnlyList<Countable> countables)
    {
        if (countables.Any(static one => one.Addresses.Count > 1))
        {
            return new BpfException("attach to", "functions", 0, "one of the names is that of several functions, which this cannot tell apart.");
        }

        if (countables.Count > MostTrampolines)
        {
            return new BpfException("attach to", "many functions", 0, $"that is for at most {MostTrampolines} functions.");
        }

        int before = _skipped.Count;
        try
        {
            source.AttachEach(
                FuncCountProbe.Programs.KernelTrampoline, hasCookies: false, [.. countables.Select(static (one, index) => (index, one))],
                static (program, _, _) => program.Attach(), static one => one.Symbol, (index, e) => Skip(countables[index], e), index => _attached.Add(index));
            return null;
        }
        catch (BpfException e) when (e is AttachException or KernelPolicyException or FeatureNotSupportedException)
        {
            _skipped.RemoveRange(before, _skipped.Count - before);
            return e;
        }
    }

    private static void MustBeFew(int count, string why)
    {
        if (count > MostSingles)
        {
            throw new CannotRunException(
                $"{count} places match, but {why.TrimEnd('.')}, and one by one more than {MostSingles} would take minutes to detach: choose fewer with a narrower pattern");
        }
    }

    // Anew, in another way.
    private void Begin(FuncCountProbeSource source)
    {
        if (source.Reset())
        {
            _attached.Clear();
        }
    }

    private void Remember<T>(List<(int Index, T Place)> places) => _attached.UnionWith(places.Select(static one => one.Index));

    private void Skip(Countable one, BpfException e) => _skipped.Add(new(one.Name, e.Advice.TrimEnd('.')));
}
