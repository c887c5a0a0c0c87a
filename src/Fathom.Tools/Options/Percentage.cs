using System.Globalization;

namespace Fathom.Tools.Options;

/// <summary>Percentages: <c>1%</c>, <c>0.5</c>.</summary>
public static class Percentage
{
    /// <summary>No limit.</summary>
    public const double Off = double.PositiveInfinity;

    /// <summary>A limit as a share: 0.3 for <c>30</c>, <see cref="Off"/> for <c>off</c>.</summary>
    public static ValueKind<double> Limit { get; } = new("PERCENT", static (what, text) => text == "off" ? Off
        : double.TryParse(text.EndsWith('%') ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
            && percent is > 0 and <= 100
            ? percent / 100
            : throw new UsageException($"{what} must be a percentage above 0 and at most 100, such as 1%, or off, but is '{text}'"))
    {
        Completion = new(CompletionSource.Words, "off"),
    };
}
