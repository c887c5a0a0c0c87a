using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>The probes in the kernel: one with a cookie for each place, or a copy for each where the kernel has no cookies.</summary>
internal sealed class FuncCountProbeSource : IFuncCountSource
{
    private static readonly string[] s_programs =
    [
        FuncCountProbe.Programs.KernelFunctions, FuncCountProbe.Programs.KernelFunction, FuncCountProbe.Programs.KernelTrampoline,
        FuncCountProbe.Programs.UserFunctions, FuncCountProbe.Programs.UserFunction, FuncCountProbe.Programs.Tracepoint,
        FuncCountProbe.Programs.CallEntered, FuncCountProbe.Programs.CallLeft,
    ];

    private readonly Kernel _kernel;
    private readonly FuncCountProbe.Constants _constants;
    private readonly TaskFilterSetup _filter;
    private readonly TaskFilterSettings _settings;
    private readonly List<FuncCountProbe.Loaded> _probes = [];
    private readonly LinkSet _links = new();
    private ulong[] _values = [];

    /// <summary>Nothing is loaded yet.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="constants">What is asked besides the places.</param>
    /// <param name="filter">Which tasks count.</param>
    /// <param name="countables">What is counted.</param>
    public FuncCountProbeSource(Kernel kernel, FuncCountProbe.Constants constants, TaskFilterSetup filter, IReadOnlyList<Countable> countables)
    {
        _kernel = kernel;
        _constants = constants;
        _settings = filter.Settings;
        _filter = filter;
        Countables = countables;

        // Before there are so many attachments that no file can be opened any more.
        _ = kernel.PossibleCpus;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Countable> Countables { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources =>
    [
        .. _links.Links.GroupBy(static link => (link.Way, link.Program.Target)).Select(static group => new TraceSource(
            group.Key.Way, group.Key.Target.Length > 0 ? group.Key.Target : group.Count() == 1 ? "one link" : $"{group.Count()} links")),
    ];

    /// <inheritdoc/>
    public IEnumerable<Loss> Losses
    {
        get
        {
            long missed = _links.Links.Sum(static link => link.GetMissed()) + _probes.SelectMany(static probe => probe.Object.Programs).Sum(static program => program.GetInfo().RecursionMisses);
            yield return new("missed", (ulong)Math.Max(missed, 0), "calls not counted, because they came while the CPU was running a program already");
            yield return new("untracked", First.Untracked, "child processes not followed, because there are more than the map has room for");
        }
    }

    private FuncCountProbe.Loaded First => _probes[0];

    /// <summary>Whether attachments of a type of program can have cookies here.</summary>
    public static bool HasCookies(Kernel kernel, ProgramType type) =>
        kernel.Probe(KernelFeatures.Helper("bpf_get_attach_cookie", 174, "5.15", type)).Support == FeatureSupport.Yes;

    /// <inheritdoc/>
    public void Read(Span<ulong> counts)
    {
        BpfPerCpuArray<ulong> map = First.Counts;
        Array.Resize(ref _values, map.Count * map.CpuCount);
        map.ReadAll(_values);
        for (int i = 0; i < counts.Length; i++)
        {
            ulong sum = 0;
            foreach (ulong value in _values.AsSpan(i * map.CpuCount, map.CpuCount))
            {
                sum += value;
            }

            counts[i] = sum;
        }
    }

    /// <inheritdoc/>
    public double CountCostNs(double pass, double step)
    {
        Span<ulong> values = stackalloc ulong[2 * First.Passes.CpuCount];
        First.Passes.ReadAll(values);
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += values[i] * (i < First.Passes.CpuCount ? pass : step);
        }

        return sum;
    }

    /// <summary>Loads programs that learn the place from a cookie, or that need none.</summary>
    /// <param name="callCount">Room for system calls; 1 for none.</param>
    /// <param name="programs">Which.</param>
    public FuncCountProbe.Loaded Load(int callCount, params ReadOnlySpan<string> programs) => Load(0, true, "", callCount, programs);

    /// <summary>Attaches the programs that follow processes, if there are any.</summary>
    public void AttachFilter()
    {
        foreach (BpfProgram program in First.Object.Programs)
        {
            if (!s_programs.Contains(program.Name))
            {
                _links.Add(program.Attach());
            }
        }
    }

    /// <summary>Takes an attachment over.</summary>
    public void Add(BpfLink link) => _links.Add(link);

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
            FuncCountProbe.Loaded? copy = null;
            try
            {
                BpfProgram program;
                if (hasCookies)
                {
                    program = (_probes.Count > 0 ? First : Load(1, name)).Object.GetProgram(name);
                }
                else
                {
                    copy = Load(index, false, target?.Invoke(place) ?? "", 1, [name]);
                    program = copy.Object.GetProgram(name);
                }

                _links.Add(attach(program, place, hasCookies ? (ulong)index : 0));
                done(index);
            }
            catch (BpfException e) when (e is not (VerifierRejectedException or MissingCapabilityException or LockdownException or KernelPolicyException) && e.ErrorName is not ("EMFILE" or "ENFILE" or "ENOMEM"))
            {
                // The first one stays: it owns the counters.
                if (copy is not null && _probes.Count > 1)
                {
                    _probes.Remove(copy);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        _links.Dispose();
        for (int i = _probes.Count - 1; i >= 0; i--)
        {
            _probes[i].Dispose();
        }

        _probes.Clear();
    }

    /// <summary>Ends everything, to begin anew in another way.</summary>
    public void Reset() => Dispose();

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
            _filter.Fit(options);
            options.MaxEntries[nameof(FuncCountProbe.Counts)] = Countables.Count;
            options.MaxEntries[nameof(FuncCountProbe.Calls)] = callCount;
        }
        else
        {
            options.Without.Add("FilterForked");
            options.Without.Add("FilterExited");
            foreach (string map in (string[])[nameof(FuncCountProbe.Counts), nameof(FuncCountProbe.Passes), nameof(FuncCountProbe.Calls), nameof(TaskFilter.FilterCgroup), nameof(TaskFilter.FilterTree)])
            {
                options.Maps[map] = First.Object.GetMap(map);
            }
        }

        var constants = new FuncCountProbe.Constants
        {
            Filter = _settings,
            Mode = _constants.Mode | (byCookie ? FuncCountMode.ByCookie : 0),
            Cpu = _constants.Cpu,
            Place = (uint)place,
        };
        FuncCountProbe.Loaded loaded = FuncCountProbe.Load(_kernel, constants, options);
        _probes.Add(loaded);
        if (isFirst)
        {
            _filter.Fill(loaded.FilterCgroup, loaded.FilterTree);
        }

        return loaded;
    }
}
