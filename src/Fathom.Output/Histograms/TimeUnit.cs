namespace Fathom.Output.Histograms;

/// <summary>The unit that a histogram is shown in.</summary>
/// <param name="Label">What the heading of the classic histogram calls it.</param>
/// <param name="Nanoseconds">How long it is.</param>
public sealed record TimeUnit(string Label, ulong Nanoseconds)
{
    /// <summary>Microseconds. A histogram that is shown so is recorded in units of 125 ns, an eighth.</summary>
    public static TimeUnit Microseconds { get; } = new("usecs", 1_000);

    /// <summary>Milliseconds. A histogram that is shown so is recorded in units of 15,625 ns, a sixty-fourth.</summary>
    public static TimeUnit Milliseconds { get; } = new("msecs", 1_000_000);
}
