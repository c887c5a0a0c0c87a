using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Output.Rows;
using Fathom.Runtime;

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
    private long _late, _latest;

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
                $"processes or threads were attached to only after they had begun to count, and their calls until then are missing ({milliseconds} ms at most; --all-processes misses nothing)"));
            string reason = _links.Reason is { } known ? $": {Escaping.Escape(known)}" : "";
            yield return new("unattached", _links.Missed,
                $"processes or threads were not attached to, because they ended before or could not be, and their calls are missing (--all-processes misses nothing){reason}");
        }
    }

    /// <summary>Attaches to nothing more. Those that have been told of and are not attached to are counted as such.</summary>
    public void Finish()
    {
        _ends = true;
        _thread.Join();
        Take(static (follower, arrival) =>
        {
            if (!follower._links.Has(arrival.Kind == FuncCountFollow.New ? arrival.Thread : arrival.Process) || arrival.Kind == FuncCountFollow.TakenOver)
            {
                follower._links.CountMissed(null);
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }

    private bool IsOver => _ends || _stop.IsCancellationRequested;

    private void Follow()
    {
        long swept = Stopwatch.GetTimestamp();
        while (!IsOver)
        {
            if (_arrivals.Wait(s_wait))
            {
                Take(static (follower, arrival) => follower.Meet(arrival));
            }

            if (Stopwatch.GetElapsedTime(swept) > s_sweep)
            {
                _links.Sweep();
                swept = Stopwatch.GetTimestamp();
            }
        }
    }

    // On a thread of its own, where what nobody catches ends the program, with what it has counted.
    private void Take(Action<ProcessFollower, FuncCountArrival> take)
    {
        foreach (ReadOnlySpan<byte> record in _arrivals.Drain())
        {
            FuncCountArrival arrival = MemoryMarshal.Read<FuncCountArrival>(record);
            try
            {
                if (_scope.Reaches(arrival))
                {
                    take(this, arrival);
                }
            }
            catch (Exception e) when (e is BpfException or IOException or UnauthorizedAccessException || ResourceLimitException.IsLimit(e))
            {
                _links.CountMissed(ResourceLimitException.IsLimit(e) ? ResourceLimitException.Sentence(e) : (e as BpfException)?.Advice ?? e.Message);
            }
        }
    }

    private void Meet(FuncCountArrival arrival)
    {
        bool anew = arrival.Kind == FuncCountFollow.TakenOver;
        bool isThread = arrival.Kind == FuncCountFollow.New && arrival.Thread != arrival.Process;
        BpfException? error = null;
        AttachOutcome outcome = IsOver && (anew || !_links.Has(isThread ? arrival.Thread : arrival.Process)) ? AttachOutcome.Refused
            : isThread ? _links.TryAttachTask(arrival.Thread, anew, out error) : _links.TryAttach(arrival.Process, anew, out error);
        if (outcome != AttachOutcome.Attached)
        {
            if (outcome == AttachOutcome.Refused)
            {
                _links.CountMissed(error?.ErrorName is "ESRCH" ? null : error?.Advice);
            }

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
