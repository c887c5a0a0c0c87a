using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Counts;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>The probes in the kernel: one with a cookie for each place, or a copy for each where the kernel has no cookies.</summary>
internal sealed class FuncCountProbeSource : IReportSource<ulong>
{
    private static readonly string[] s_programs =
    [
        FuncCountProbe.Programs.KernelFunctions, FuncCountProbe.Programs.KernelFunction, FuncCountProbe.Programs.KernelTrampoline,
        FuncCountProbe.Programs.UserFunctions, FuncCountProbe.Programs.UserFunction, FuncCountProbe.Programs.Tracepoint,
        FuncCountProbe.Programs.CallEntered, FuncCountProbe.Programs.CallLeft,
    ];


    private readonly Lock _gate = new();
    private readonly Kernel _kernel;
    private readonly FuncCountProbe.Constants _constants;
    private readonly TaskFilterSetup _filter;
    private readonly TaskFilterSettings _settings;
    private readonly List<FuncCountProbe.Loaded> _probes = [];
    private LinkSet _links = new();
    private readonly CancellationToken _stop;
    private readonly CancellationTokenRegistration _registration;
    private readonly CountReader _reader = new();
    private ProcessLinks? _processLinks;
    private ProcessFollower? _follower;

    // What prices were measured with: to detach it takes longer than to measure, so that it stays until the end.
    private readonly List<BpfLink> _trials = [];
    private ulong _runsTried, _steppedTried;

    /// <summary>Nothing is loaded yet.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="constants">What is asked besides the places.</param>
    /// <param name="filter">Which tasks count.</param>
    /// <param name="countables">What is counted.</param>
    /// <param name="stop">Ends counting at once, whatever else goes on.</param>
    public FuncCountProbeSource(Kernel kernel, FuncCountProbe.Constants constants, TaskFilterSetup filter, IReadOnlyList<Countable> countables, CancellationToken stop)
    {
        _kernel = kernel;
        _constants = constants;
        _settings = filter.Settings;
        _filter = filter;
        Countables = countables;

        // Before there are so many attachments that no file can be opened any more.
        _ = kernel.PossibleCpus;
        _stop = stop;
        _registration = stop.Register(StopCounting);
    }

    /// <summary>What is counted.</summary>
    public IReadOnlyList<Countable> Countables { get; }

    /// <summary>What is attached.</summary>
    public IReadOnlyList<TraceSource> Sources =>
    [
        .. Links().GroupBy(static link => (link.Way, link.Program.Target)).Select(static group => new TraceSource(
            group.Key.Way, group.Key.Target.Length > 0 ? group.Key.Target : group.Count() == 1 ? "one link" : $"{group.Count()} links")),
    ];

    /// <summary>What was not counted, since the start.</summary>
    public IEnumerable<Loss> ReadLosses()
    {
        if (IsStopping)
        {
            EndFollowing();
        }

        lock (_gate)
        {
            return IsLoaded ? [.. FindLosses()] : [];
        }
    }

    /// <summary>What a hit costs.</summary>
    public HitPrices Prices { get; private set; } = new();

    /// <summary>Whether the end is asked for: nothing more is to be attached.</summary>
    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Which arrivals the kernel side tells (<see cref="FuncCountFollow"/>); 0 for none. Set before anything is loaded.</summary>
    public uint Follow { get; set; }

    /// <summary>Told how many attachments are left while they are taken away, where that takes its time.</summary>
    public Action<int> Detaching { get; set; } = static _ => { };

    private FuncCountProbe.Loaded First => _probes[0];

    private bool IsLoaded => _probes.Count > 0;

    /// <summary>Whether attachments of a type of program can have cookies here.</summary>
    public static bool HasCookies(Kernel kernel, ProgramType type) =>
        kernel.Probe(KernelFeatures.Helper("bpf_get_attach_cookie", 174, "5.15", type)).Support == FeatureSupport.Yes;

    /// <summary>How often each was passed since the start, by its index.</summary>
    public Dictionary<ulong, ulong> Read()
    {
        using Lock.Scope held = _gate.EnterScope();
        return IsLoaded ? _reader.Read(First, byKey: false) : [];
    }

    /// <summary>
    /// What counting has cost since the start. Of places in files most of it is what the kernel does around the program, which no program can measure.
    /// </summary>
    public IReadOnlyList<ProgramCost> ReadCost()
    {
        using Lock.Scope held = _gate.EnterScope();
        if (!IsLoaded)
        {
            return [];
        }

        var costs = new List<ProgramCost>();
        foreach (ProgramCost one in CostMeter.Read(First) ?? [])
        {
            switch (one.Name)
            {
                case FuncCountProbe.Programs.UserFunctions or FuncCountProbe.Programs.UserFunction:
                    ulong stepped = ReadStepped() - _steppedTried, runs = one.Runs - _runsTried;
                    costs.Add(At(one, runs - Math.Min(stepped, runs), Prices.User));
                    costs.Add(At(one with { Name = "stepped", ReadKernel = null }, stepped, Prices.Stepped));
                    break;
                case FuncCountProbe.Programs.KernelFunctions or FuncCountProbe.Programs.KernelFunction or FuncCountProbe.Programs.KernelTrampoline:
                    costs.Add(one with { AroundNs = Prices.AroundKernel.Ns });
                    break;
                default:
                    costs.Add(one);
                    break;
            }
        }

        costs.RemoveAll(static one => one.Runs == 0);
        return costs;

        static ProgramCost At(ProgramCost one, ulong runs, HitPrice price) => one with { Runs = runs, AroundNs = Math.Max(0, price.Ns - one.NsPerRun) };
    }

    /// <summary>Measures what a hit costs at a place of a file, on functions of our own, before anything else is attached.</summary>
    /// <param name="isStatic">Whether the places are static probes.</param>
    /// <param name="attach">Attaches to places of a file in this process alone.</param>
    public void MeasurePrices(bool isStatic, Func<string, UserProbe[], IReadOnlyList<BpfLink>?> attach)
    {
        Prices = HitPrices.Measure(_kernel, isStatic, Countables.Any(static one => one.IsStepped), attach, out IReadOnlyList<BpfLink> links);
        using Lock.Scope held = _gate.EnterScope();
        _trials.AddRange(links);
        _runsTried = (CostMeter.Read(First) ?? []).Aggregate(0UL, static (sum, one) => sum + one.Runs);
        _steppedTried = ReadStepped();
    }

    /// <summary>Loads programs that learn the place from a cookie, or that need none.</summary>
    /// <param name="callCount">Room for system calls; 1 for none.</param>
    /// <param name="programs">Which.</param>
    public FuncCountProbe.Loaded Load(int callCount, params ReadOnlySpan<string> programs) => Load(0, true, "", callCount, programs);

    /// <summary>Attaches the programs that follow processes, if there are any and they are not attached yet.</summary>
    public void AttachFilter()
    {
        if (!IsLoaded || IsStopping)
        {
            return;
        }

        foreach (BpfProgram program in First.Object.Programs)
        {
            if (!s_programs.Contains(program.Name) && !Links().Any(link => link.Program == program))
            {
                Add(program.Attach());
            }
        }
    }

    /// <summary>Takes an attachment over.</summary>
    public void Add(BpfLink link)
    {
        lock (_gate)
        {
            _links.Add(link);
        }
    }

    /// <summary>Takes over the attachments for single processes, and attaches to those that come.</summary>
    /// <param name="links">The attachments.</param>
    /// <param name="scope">Which processes count; null if none come.</param>
    public void Add(ProcessLinks links, FuncCountScope? scope)
    {
        lock (_gate)
        {
            _processLinks = links;
        }

        if (scope is not null)
        {
            var follower = new ProcessFollower(First.Arrivals, links, scope, _stop);
            lock (_gate)
            {
                _follower = follower;
            }
        }
    }

    /// <summary>Attaches one of the programs to places one by one: with a cookie for each, or each with a copy of the program.</summary>
    /// <typeparam name="T">A place.</typeparam>
    /// <param name="name">The program.</param>
    /// <param name="hasCookies">Whether attachments can have cookies.</param>
    /// <param name="places">The places, each with the index of what it belongs to.</param>
    /// <param name="attach">Attaches.</param>
    /// <param name="target">What the program must be verified for; null if that is nothing.</param>
    /// <param name="skip">Told of places that cannot be attached to; the first failure of all is thrown if nothing is attached at all.</param>
    /// <param name="done">Told of places that are attached to.</param>
    public void AttachEach<T>(
        string name, bool hasCookies, IReadOnlyList<(int Index, T Place)> places, Func<BpfProgram, T, ulong, BpfLink> attach, Func<T, string>? target,
        Action<int, BpfException> skip, Action<int> done)
    {
        BpfException? first = null;
        foreach ((int index, T place) in places)
        {
            if (IsStopping)
            {
                return;
            }

            FuncCountProbe.Loaded? copy = null;
            try
            {
                BpfProgram program = ProgramFor(name, hasCookies, index, target?.Invoke(place) ?? "", out copy);
                Add(attach(program, place, hasCookies ? (ulong)index : 0));
                done(index);
            }
            catch (BpfException e) when (IsAboutThePlace(e))
            {
                // The first one stays: it owns the counters.
                if (copy is not null && _probes.Count > 1)
                {
                    lock (_gate)
                    {
                        _probes.Remove(copy);
                    }

                    copy.Dispose();
                }

                first ??= e;
                skip(index, e);
            }
        }

        if (first is not null && _links.Links.Count == 0)
        {
            throw first;
        }
    }

    /// <summary>Whether a failure to attach says something of the place, and not of the machine or of us.</summary>
    public static bool IsAboutThePlace(BpfException e) =>
        e is not (VerifierRejectedException or MissingCapabilityException or LockdownException or KernelPolicyException) && e.ErrorName is not ("EMFILE" or "ENFILE" or "ENOMEM");

    /// <summary>The program that counts a place: the one for all, or a copy of its own.</summary>
    /// <param name="name">The program.</param>
    /// <param name="hasCookies">Whether attachments can have cookies, so that one does for all.</param>
    /// <param name="index">The index of what the place belongs to.</param>
    /// <param name="target">What the program must be verified for; empty if that is nothing.</param>
    /// <param name="copy">The copy, if it is one.</param>
    public BpfProgram ProgramFor(string name, bool hasCookies, int index, string target, out FuncCountProbe.Loaded? copy)
    {
        copy = hasCookies ? null : Load(index, false, target, 1, [name]);
        return (copy ?? (IsLoaded ? First : Load(1, name))).Object.GetProgram(name);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // What is still attached while others are taken away costs next to nothing.
        StopCounting();
        _registration.Dispose();
        _ = TakeAway(isLast: true);
    }

    /// <summary>Ends everything, to begin anew in another way. Once the end is asked for, what has been counted is somebody's result, and stays.</summary>
    /// <returns>Whether that is done.</returns>
    public bool Reset() => TakeAway(isLast: false);

    /// <summary>Attaches to nothing more that comes.</summary>
    public void EndFollowing()
    {
        ProcessFollower? follower;
        lock (_gate)
        {
            follower = _follower;
        }

        follower?.Finish();
    }

    private bool TakeAway(bool isLast)
    {
        ProcessFollower? follower;
        LinkSet links;
        ProcessLinks? processLinks;
        FuncCountProbe.Loaded[] probes;
        lock (_gate)
        {
            if (IsStopping && !isLast)
            {
                return false;
            }

            (follower, _follower) = (_follower, null);
            (links, _links) = (_links, new LinkSet());
            (processLinks, _processLinks) = (_processLinks, null);
            _trials.ForEach(links.Add);
            _trials.Clear();
            probes = [.. _probes];
            _probes.Clear();
        }

        follower?.Dispose();
        links.Detach(Detaching);
        processLinks?.Detach(Detaching);

        // The first one last: it owns the counters.
        for (int i = probes.Length - 1; i >= 0; i--)
        {
            probes[i].Dispose();
        }

        return true;
    }

    private IEnumerable<Loss> FindLosses()
    {
        // What the kernel did not run a copy or a link for is known to each of these alone.
        ulong missed = (ulong)Math.Max(0, Links().Sum(static link => link.GetMissed()));
        foreach (FuncCountProbe.Loaded copy in _probes.Skip(1))
        {
            missed += copy.CountMissed();
        }

        foreach (Loss loss in First.ReadLosses())
        {
            yield return loss.Kind != "missed" ? loss
                : loss with { Count = loss.Count + missed, Text = "calls not counted, because they came while the CPU was running a program already" };
        }

        foreach (Loss loss in _follower?.Losses ?? [])
        {
            yield return loss.Kind == "unattached" ? loss with { Count = loss.Count + First.LostArrivals } : loss;
        }
    }

    private ulong ReadStepped()
    {
        ulong sum = 0;
        Span<ulong> cpus = stackalloc ulong[First.Stepped.CpuCount];
        First.Stepped.Read(0, cpus);
        foreach (ulong one in cpus)
        {
            sum += one;
        }

        return sum;
    }

    private IReadOnlyList<BpfLink> Links()
    {
        lock (_gate)
        {
            return [.. _links.Links, .. _processLinks?.Links ?? []];
        }
    }

    // Called by whoever asks for the end, on a thread of his own.
    private void StopCounting()
    {
        lock (_gate)
        {
            foreach (FuncCountProbe.Loaded probe in _probes)
            {
                probe.Stopped = 1;
            }
        }
    }

    private FuncCountProbe.Loaded Load(int place, bool byCookie, string target, int callCount, ReadOnlySpan<string> programs)
    {
        var options = new LoadOptions();
        foreach (string program in s_programs)
        {
            if (!programs.Contains(program))
            {
                options.Without.Add(program);
            }
            else if (target.Length > 0)
            {
                options.Targets[program] = target;
            }
        }

        bool isFirst = _probes.Count == 0;
        if (isFirst)
        {
            options.MaxEntries[nameof(Occurrences.NumberedCounts)] = Countables.Count;
            options.MaxEntries[nameof(FuncCountProbe.Calls)] = callCount;
        }
        else
        {
            options.Without.Add("FilterForked");
            options.Without.Add("FilterFreed");
            foreach (string map in (string[])[nameof(Occurrences.NumberedCounts), nameof(FuncCountProbe.Stepped), nameof(RunCost.Meters), nameof(FuncCountProbe.Calls), nameof(FuncCountProbe.Arrivals), nameof(TaskFilter.FilterCgroup), nameof(TaskFilter.FilterTree)])
            {
                options.Maps[map] = First.Object.GetMap(map);
            }
        }

        var constants = new FuncCountProbe.Constants
        {
            Filter = _settings,
            ByCookie = byCookie,
            OneCpu = _constants.OneCpu,
            IsStepped = !byCookie && Countables[place].IsStepped,
            Cpu = _constants.Cpu,
            Place = (uint)place,
            FollowsProcesses = isFirst && (Follow & FuncCountFollow.Processes) != 0,
            FollowsThreads = isFirst && (Follow & FuncCountFollow.Threads) != 0,
        };
        FuncCountProbe.Loaded loaded = FuncCountProbe.Load(_kernel, constants, options);
        lock (_gate)
        {
            loaded.Stopped = IsStopping ? 1u : 0;
            _probes.Add(loaded);
        }

        if (isFirst)
        {
            _filter.Fill(loaded);
        }

        return loaded;
    }
}
