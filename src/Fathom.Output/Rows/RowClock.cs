using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;

namespace Fathom.Output.Rows;

/// <summary>
/// The time of day of what the kernel stamps with the time since boot (<c>CLOCK_MONOTONIC</c>). That clock stands still while the machine is suspended:
/// how long it was (<c>CLOCK_BOOTTIME</c> less the other) is asked for rows that are younger than the last answer, and counts for these.
/// </summary>
public sealed class RowClock
{
    private const long NsPerSecond = 1_000_000_000;

    // Two clocks are not read in one moment.
    private const long ShortestSuspendNs = 10_000_000;

    private readonly TimeZoneInfo? _zone;
    private readonly Func<(long MonotonicNs, long SuspendedNs)>? _read;
    private readonly List<(long FromNs, long BootNs)> _boots = [];
    private long _readNs, _suspendedNs;

    private readonly byte[] _timeOfDay = new byte[8];
    private readonly byte[] _second = new byte[19];
    private long _timeOfDayOf = long.MinValue;
    private long _secondOf = long.MinValue;

    /// <summary>A clock.</summary>
    /// <param name="bootNs">The time of day at boot, in ns since 1970: what is added to a time since boot.</param>
    /// <param name="zone">The time zone for people; the local one by default.</param>
    /// <param name="read">Reads the time since boot without what the machine was suspended for, and that, in ns; null if it never is.</param>
    public RowClock(long bootNs, TimeZoneInfo? zone = null, Func<(long MonotonicNs, long SuspendedNs)>? read = null)
    {
        (_zone, _read) = (zone, read);
        (_readNs, _suspendedNs) = read?.Invoke() ?? default;
        _boots.Add((long.MinValue, bootNs));
    }

    /// <summary>Compares the clocks now. A clock that is set later is not followed: times would run backwards.</summary>
    /// <param name="read">As for the constructor.</param>
    public static RowClock Measure(Func<(long MonotonicNs, long SuspendedNs)>? read = null)
    {
        // .NET's time stamps are CLOCK_MONOTONIC in ns on Linux. The pair that was read within the shortest time is the best.
        long best = long.MaxValue, offset = 0;
        for (int i = 0; i < 5; i++)
        {
            long before = Stopwatch.GetTimestamp();
            long now = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
            long after = Stopwatch.GetTimestamp();
            if (after - before < best)
            {
                best = after - before;
                offset = now - (before + best / 2);
            }
        }

        return new(offset, read: read);
    }

    /// <summary>The time since boot without what the machine was suspended for, in ns.</summary>
    public long NowNs => _read?.Invoke().MonotonicNs ?? Stopwatch.GetTimestamp();

    /// <summary>Writes <c>HH:MM:SS</c>, local.</summary>
    public void WriteTimeOfDay(long timeNs, Utf8Line to)
    {
        long second = Math.DivRem(timeNs + BootAt(timeNs), NsPerSecond).Quotient;
        if (second != _timeOfDayOf)
        {
            DateTimeOffset local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(second), _zone ?? TimeZoneInfo.Local);
            _ = local.TryFormat(_timeOfDay, out _, "HH:mm:ss", CultureInfo.InvariantCulture);
            _timeOfDayOf = second;
        }

        to.Append(_timeOfDay);
    }

    /// <summary>Writes an RFC 3339 time in UTC with all its nanoseconds; 30 bytes.</summary>
    public void WriteTimestamp(long timeNs, Span<byte> to)
    {
        (long second, long ns) = Math.DivRem(timeNs + BootAt(timeNs), NsPerSecond);
        if (second != _secondOf)
        {
            _ = DateTimeOffset.FromUnixTimeSeconds(second).TryFormat(_second, out _, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
            _secondOf = second;
        }

        _second.CopyTo(to);
        to[19] = (byte)'.';
        for (int i = 28; i > 19; i--)
        {
            to[i] = (byte)('0' + (ns % 10));
            ns /= 10;
        }

        to[29] = (byte)'Z';
    }

    // What was written down before a suspend and is shown after it has its old time: nothing that is younger than the last answer was before it, but for
    // the few milliseconds between an event and its row.
    private long BootAt(long timeNs)
    {
        if (_read is not null && timeNs > _readNs)
        {
            (long now, long suspended) = _read();
            if (suspended - _suspendedNs >= ShortestSuspendNs)
            {
                _boots.Add((_readNs, _boots[^1].BootNs + (suspended - _suspendedNs)));
                _suspendedNs = suspended;
            }

            _readNs = now;
        }

        int i = _boots.Count - 1;
        while (timeNs <= _boots[i].FromNs && i > 0)
        {
            i--;
        }

        return _boots[i].BootNs;
    }
}
