using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>The time of day of a row. Programs have it in each row anyway, so nothing is added for them.</summary>
/// <typeparam name="T">The row.</typeparam>
/// <param name="width">Characters in text.</param>
/// <param name="clock">The clock.</param>
/// <param name="timeNs">When it happened, in ns since boot.</param>
public sealed class TimeOfDayColumn<T>(int width, RowClock clock, IntegerOf<T> timeNs) : Column<T>("time", "TIME", width, "the time of day")
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to) => clock.WriteTimeOfDay(timeNs(row), to);

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to)
    {
    }
}

/// <summary>The seconds of a row since the first one. Programs have its time in each row anyway, so nothing is added for them.</summary>
/// <typeparam name="T">The row.</typeparam>
/// <param name="width">Characters in text.</param>
/// <param name="format">How the seconds are shown, such as <c>F3</c>.</param>
/// <param name="timeNs">When it happened, in ns since boot.</param>
public sealed class SecondsColumn<T>(int width, string format, IntegerOf<T> timeNs) : Column<T>("seconds", "TIME(s)", width, "the seconds since the first row")
    where T : allows ref struct
{
    private long? _first;

    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to)
    {
        long time = timeNs(row);
        _first ??= time;
        to.Append((time - _first.Value) / 1e9, format);
    }

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to)
    {
    }
}
