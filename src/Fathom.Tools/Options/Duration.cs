using System;
using System.Globalization;

namespace Fathom.Tools.Options;

/// <summary>A time: <c>500ms</c>, <c>1s</c>, <c>2m</c>, <c>1h</c>; without a unit, seconds.</summary>
public static class Duration
{
    // 99,999,999 s, "forever" in the peers, and far from what a clock cannot hold.
    private const double LeastSeconds = 0.001, MostSeconds = 99_999_999;

    /// <summary>The kind.</summary>
    public static ValueKind<TimeSpan> Kind { get; } = new("TIME", Read);

    /// <summary>Whether a text is a time, if perhaps too short or too long a one.</summary>
    internal static bool IsDuration(string text) => SecondsOf(text) is not null;

    private static TimeSpan Read(string what, string text) => SecondsOf(text) switch
    {
        null => throw new UsageException($"{what} must be a time such as 1.5 (seconds), 500ms or 2m, but is '{text}'"),
        < LeastSeconds => throw new UsageException($"{what} must be at least 1ms, but is '{text}'"),
        > MostSeconds => throw new UsageException($"{what} must be at most {MostSeconds} seconds, but is '{text}'"),
        { } seconds => TimeSpan.FromSeconds(seconds),
    };

    private static double? SecondsOf(string text)
    {
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;
        int end = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        double? unit = text[end..] switch { "" or "s" => 1, "ms" => 0.001, "m" => 60, "h" => 3600, _ => null };
        return double.TryParse(text.AsSpan(0, end), Plain, CultureInfo.InvariantCulture, out double number) ? number * unit : null;
    }
}
