using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.ExceptionServices;
using System.Threading;
using Fathom.Output.Sinks;
using Fathom.Runtime;

namespace Fathom.Tools.Hosting;

/// <summary>
/// For a second, the kernel's own statistics of what the programs of a tool cost (<c>BPF_ENABLE_STATS</c>), beside the tool's. They make each run of every
/// BPF program of the machine slower, and what they take themselves is in their figures: it is what they say of empty programs at the same tracepoints
/// in the same second.
/// </summary>
internal sealed class ExactCost : IDisposable
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(1);

    // Where nothing is attached to a tracepoint, an empty program is run by hand.
    private const int RunsByHand = 2_000;

    private readonly Lock _gate = new();
    private readonly Func<IReadOnlyList<ProgramCost>?> _read;
    private readonly Dictionary<string, EmptyProbe.Loaded> _empty = [];
    private readonly LinkSet _links = new();
    private readonly KernelStatistics _statistics;
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread _thread;
    private readonly long _start;
    private readonly Dictionary<string, Figures> _before;
    private ExactCostRecord? _record;
    private volatile ExceptionDispatchInfo? _error;

    private readonly record struct Figures(ulong Runs, double Ns, long KernelRuns, long KernelNs);

    /// <summary>Begins.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="sources">What is attached.</param>
    /// <param name="read">Reads what each program has cost.</param>
    /// <exception cref="BpfException">There are no statistics, or they are not for us (CAP_SYS_ADMIN).</exception>
    public ExactCost(Fathom.Runtime.Kernel kernel, IReadOnlyList<string> sources, Func<IReadOnlyList<ProgramCost>?> read)
    {
        _read = read;
        _statistics = KernelStatistics.Enable(kernel);
        try
        {
            foreach (string source in sources.Distinct(StringComparer.Ordinal))
            {
                EmptyProbe.Loaded empty = EmptyProbe.Load(kernel);
                try
                {
                    _links.Add(empty.Object.GetProgram(EmptyProbe.Programs.Empty).AttachTracepoint(source));
                    _empty.Add(source, empty);
                }
                catch (BpfException)
                {
                    // It is no tracepoint.
                    empty.Dispose();
                }
            }

            if (_empty.Count == 0)
            {
                _empty.Add("", EmptyProbe.Load(kernel));
            }
        }
        catch
        {
            End();
            throw;
        }

        _before = Read();
        _start = Stopwatch.GetTimestamp();
        _thread = new Thread(() =>
        {
            try
            {
                if (!_over.Wait(s_window))
                {
                    Finish();
                }
            }
            catch (BpfException e)
            {
                _error = ExceptionDispatchInfo.Capture(e);
            }
        })
        {
            IsBackground = true,
            Name = "exact cost",
        };
        _thread.Start();
    }

    /// <summary>Ends it, if the second is not over yet.</summary>
    /// <returns>What came of it.</returns>
    /// <exception cref="BpfException">The kernel does not tell.</exception>
    public ExactCostRecord Finish()
    {
        lock (_gate)
        {
            _error?.Throw();
            return _record ??= Compare();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
        lock (_gate)
        {
            // Nothing stays attached if nobody has asked.
            if (_record is null)
            {
                End();
            }
        }
    }

    private ExactCostRecord Compare()
    {
        try
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
            if (_empty.TryGetValue("", out EmptyProbe.Loaded? byHand))
            {
                BpfProgram program = byHand.Object.GetProgram(EmptyProbe.Programs.Empty);
                for (int i = 0; i < RunsByHand; i++)
                {
                    program.TestRun();
                }
            }

            Dictionary<string, Figures> now = Read();
            Dictionary<string, double> own = _empty.ToDictionary(static one => one.Key, static one => NsOf(one.Value.Object.GetProgram(EmptyProbe.Programs.Empty).GetInfo()));
            double all = own.Values.Where(static ns => ns > 0).DefaultIfEmpty().Average();
            var programs = new List<ExactProgramCost>();
            foreach (ProgramCost one in _read() ?? [])
            {
                if (!now.TryGetValue(one.Name, out Figures after))
                {
                    continue;
                }

                _before.TryGetValue(one.Name, out Figures before);
                long runs = after.KernelRuns - before.KernelRuns;
                if (runs > 0)
                {
                    double statistics = own.TryGetValue(one.Target, out double at) && at > 0 ? at : all;
                    programs.Add(new(one.Name, runs, after.KernelNs - before.KernelNs, statistics, after.Runs > before.Runs ? (after.Ns - before.Ns) / (after.Runs - before.Runs) : 0));
                }
            }

            return new(programs, elapsed);
        }
        finally
        {
            End();
        }
    }

    private static double NsOf(ProgramInfo info) => info.RunCount > 0 ? (double)info.RunTimeNs / info.RunCount : 0;

    private Dictionary<string, Figures> Read()
    {
        var figures = new Dictionary<string, Figures>();
        foreach (ProgramCost one in _read() ?? [])
        {
            if (one.ReadKernel is { } readKernel)
            {
                (long runs, long ns) = readKernel();
                figures[one.Name] = new(one.Runs, one.Runs * one.NsPerRun, runs, ns);
            }
        }

        return figures;
    }

    private void End()
    {
        _statistics.Dispose();
        _links.Dispose();
        foreach (EmptyProbe.Loaded one in _empty.Values)
        {
            one.Dispose();
        }
    }
}
