using System;
using System.Diagnostics;
using System.Threading;

namespace Fathom.Tools.Hosting;

/// <summary>Time as the host of a tool sees it, and what can cut a wait short.</summary>
public class HostClock : IDisposable
{
    // Longer waits are made of several: the system's own are limited to 2^31 ms.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromHours(1);

    private const int NoReason = -1;

    private readonly CancellationTokenSource _stop = new();
    private long _start = Stopwatch.GetTimestamp();
    private int _reason = NoReason;

    /// <summary>Creates the clock, which begins to count.</summary>
    public HostClock() => Stopping = _stop.Token;

    /// <summary>The time of day, in UTC.</summary>
    public virtual DateTimeOffset Now => DateTimeOffset.UtcNow;

    /// <summary>The time since <see cref="Restart"/>.</summary>
    public virtual TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Whether someone asked for the end.</summary>
    public bool IsStopped => _stop.IsCancellationRequested;

    /// <summary>Tells at once when someone asks for the end: what must not wait for the next look registers with it.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Why the end was asked for, first of all; null if nobody asked.</summary>
    public EndReason? StopReason => Volatile.Read(ref _reason) is var reason && reason == NoReason ? null : (EndReason)reason;

    /// <summary>Begins to count the time.</summary>
    public virtual void Restart() => _start = Stopwatch.GetTimestamp();

    /// <summary>Asks for the end. May be called from any thread, also when there is nothing to end any more.</summary>
    public void Stop(EndReason reason = EndReason.Interrupted)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, NoReason);
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // A signal that came when everything was over.
        }
    }

    /// <summary>Waits until <see cref="Elapsed"/> is <paramref name="due"/>, forever if that is null, or until the end is asked for.</summary>
    public virtual void WaitUntil(TimeSpan? due)
    {
        while (!IsStopped)
        {
            TimeSpan rest = due is { } time ? time - Elapsed : s_longestWait;
            if (rest <= TimeSpan.Zero)
            {
                return;
            }

            // Rounded up: a wait that ends a fraction of a millisecond early would have to be repeated.
            var milliseconds = (int)Math.Ceiling(Math.Min(rest.TotalMilliseconds, s_longestWait.TotalMilliseconds));
            Stopping.WaitHandle.WaitOne(milliseconds);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
    }
}
