using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Runtime;
using Fathom.Tools.Shared.Events;

namespace Fathom.Tools.FuncCount;

/// <summary>
/// Attaches to processes as they come: the kernel side tells them, and they run on meanwhile, so that their first calls are not counted. How many there
/// were, and how long it took at most, is a loss.
/// </summary>
internal sealed class ProcessFollower : IDisposable
{
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_sweep = TimeSpan.FromMilliseconds(500);

    private readonly BpfRingBuffer _arrivals;
    private readonly ProcessLinks _links;
    private readonly FuncCountScope _scope;
    private readonly CancellationToken _stop;
    private readonly Thread _thread;
    private volatile bool _ends;
    private long _late, _latest, _missed;

    /// <summary>Begins to follow.</summary>
    /// <param name="arrivals">What the kernel side tells.</param>
    /// <param name="links">Where attachments are kept.</param>
    /// <param name="scope">Which processes count.</param>
    /// <param name="stop">Ends it.</param>
    public ProcessFollower(BpfRingBuffer arrivals, ProcessLinks links, FuncCountScope scope, CancellationToken stop)
    {
        _arrivals = arrivals;
        _links = links;
        _scope = scope;
        _stop = stop;
        _thread = new Thread(Follow) { IsBackground = true, Name = "follow processes" };
        _thread.Start();
    }

    /// <summary>What was not counted, since the start.</summary>
    public IEnumerable<Loss> Losses
    {
        get
        {
            double milliseconds = Math.Ceiling(Interlocked.Read(ref _latest) / 1e5) / 10;
            yield return new("late", (ulong)Interlocked.Read(ref _late), string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"new processes were attached to after they had begun, and what they called before is not counted ({milliseconds} ms at most; --all-processes misses nothing)"));
            yield return new("unattached", (ulong)Interlocked.Read(ref _missed),
                "new processes were not attached to, because they ended before, or were too many, and their calls are not counted (--all-processes misses nothing)");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }

    private void Follow()
    {
        long swept = Stopwatch.GetTimestamp();
        while (!_ends && !_stop.IsCancellationRequested)
        {
            if (_arrivals.Wait(s_wait))
            {
                foreach (ReadOnlySpan<byte> record in _arrivals.Drain())
                {
                    if (_ends || _stop.IsCancellationRequested)
                    {
                        return;
                    }

                    try
                    {
                        Meet(MemoryMarshal.Read<FuncCountArrival>(record));
                    }
                    catch (Exception e) when (ResourceLimitException.IsLimit(e))
                    {
                        Interlocked.Increment(ref _missed);
                    }
                }
            }

            if (Stopwatch.GetElapsedTime(swept) > s_sweep)
            {
                try
                {
                    _links.Sweep();
                }
                catch (Exception e) when (ResourceLimitException.IsLimit(e))
                {
                    // Which of them have ended will be seen when there is room again.
                }

                swept = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Meet(FuncCountArrival arrival)
    {
        if (arrival.Process == Environment.ProcessId || (arrival.Kind == FuncCountFollow.Moved && !ProcessTable.OfCgroup(_scope.Name).Contains(arrival.Process)))
        {
            return;
        }

        bool anew = arrival.Kind == FuncCountFollow.TakenOver;
        bool isThread = arrival.Kind == FuncCountFollow.New && arrival.Thread != arrival.Process;
        AttachOutcome outcome = isThread ? _links.TryAttachTask(arrival.Thread, anew, out _) : _links.TryAttach(arrival.Process, anew, out _);
        if (outcome != AttachOutcome.Attached)
        {
            Interlocked.Add(ref _missed, outcome == AttachOutcome.Refused ? 1 : 0);
            return;
        }

        // The clock of Stopwatch is the monotonic one, as the kernel side's.
        long late = (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency)) - (long)arrival.Time;
        Interlocked.Increment(ref _late);
        if (late > Interlocked.Read(ref _latest))
        {
            Interlocked.Exchange(ref _latest, late);
        }
    }
}
