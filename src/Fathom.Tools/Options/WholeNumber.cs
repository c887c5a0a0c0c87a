using System.Globalization;

namespace Fathom.Tools.Options;

/// <summary>Whole numbers with bounds.</summary>
public static class WholeNumber
{
    /// <summary>The number of a process.</summary>
    public static ValueKind<int> Process { get; } = Between("PID", 1) with { Completion = new(CompletionSource.Processes) };

    /// <summary>Numbers between two bounds, both of which are possible.</summary>
    /// <param name="name">What the help calls it.</param>
    /// <param name="least">The lower bound.</param>
    /// <param name="most">The upper bound.</param>
    public static ValueKind<int> Between(string name, int least, int most = int.MaxValue) => new(name, (what, text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new UsageException(
                $"{what} must be a whole number {(most < int.MaxValue ? $"from {least} to {most}" : $"of {least} or more")}, but is '{text}'"));
}
