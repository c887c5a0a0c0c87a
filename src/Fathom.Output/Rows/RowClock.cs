using System;
using System.Diagnostics;
using System.Globalization;

namespace Fathom.Output.Rows;

/// <summary>The time of day of what the kernel stamps with the time since boot (<c>CLOCK_MONOTONIC</c>).</summary>
/// <param name="bootNs">The time of day at boot, in ns since 1970: what is added to a time since boot.</param>
/// <param name="zone">The time zone for people; the local one by default.</param>
public sealed class RowClock(long bootNs, TimeZoneInfo? zone = null)
{
    private const long NsPerSecond = 1_000_000_000;

    private readonly byte[] _timeOfDay = new byte[8];
    private readonly byte[] _second = new byte[19];
    private long _timeOfDayOf = long.MinValue;
    private long _secondOf = long.MinValue;

    /// <summary>Compares the clocks now. A clock that is set later is not followed: times would run backwards.</summary>
    public static RowClock Measure()
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

        return new(offset);
    }

    /// <summary>Writes <c>HH:MM:SS</c>, local.</summary>
    public void WriteTimeOfDay(long timeNs, Utf8Line to)
    {
        long second = Math.DivRem(timeNs + bootNs, NsPerSecond).Quotient;
        if (second != _timeOfDayOf)
        {
            DateTimeOffset local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(second), zone ?? TimeZoneInfo.Local);
            _ = local.TryFormat(_timeOfDay, out _, "HH:mm:ss", CultureInfo.InvariantCulture);
            _timeOfDayOf = second;
        }

        to.Append(_timeOfDay);
    }

    /// <summary>Writes an RFC 3339 time in UTC with all its nanoseconds; 30 bytes.</summary>
    public void WriteTimestamp(long timeNs, Span<byte> to)
    {
        (long second, long ns) = Math.DivRem(timeNs + bootNs, NsPerSecond);
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
}
