using System;

namespace Fathom.Tools.Hosting;

/// <summary>When reports are due. Without anything, there is one at the end, and the end is Ctrl-C.</summary>
public sealed record Schedule
{
    /// <summary>The time from one report to the next; null for only one at the end.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>After how many reports tracing ends; null for no limit.</summary>
    public long? Count { get; init; }

    /// <summary>After which time tracing ends; null for no limit.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>When the report after <paramref name="reports"/> of them is due, from the start; null if only the end brings it.</summary>
    /// <remarks>Times are counted from the start, so that the time a report takes does not add up.</remarks>
    internal TimeSpan? NextReport(long reports)
    {
        TimeSpan? next = Interval is { } interval && reports < TimeSpan.MaxValue / interval - 1 ? interval * (reports + 1) : null;
        return next is null || next > Duration ? Duration : next;
    }

    /// <summary>Whether that was the last report.</summary>
    internal bool IsOver(long reports, TimeSpan elapsed) => reports >= Count || elapsed >= Duration;
}
