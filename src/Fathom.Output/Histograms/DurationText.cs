using System;
using System.Globalization;

namespace Fathom.Output.Histograms;

/// <summary>Durations for people: three significant digits and a unit, such as <c>258us</c> or <c>1.88-2.01ms</c>.</summary>
internal static class DurationText
{
    private enum Rounding
    {
        Down,
        Nearest,
        Up,
    }

    /// <summary>A duration that is known.</summary>
    public static string Exact(ulong ns) => One(ns, Scale.Of(ns), Rounding.Nearest, withUnit: true);

    /// <summary>From the lower to the upper bound, rounded outwards, so that what is printed stays true.</summary>
    public static string Range(Bounds bounds)
    {
        if (bounds.IsExact)
        {
            return Exact(bounds.High);
        }

        if (bounds.High == ulong.MaxValue)
        {
            return ">=" + One(bounds.Low, Scale.Of(bounds.Low), Rounding.Down, withUnit: true);
        }

        Scale scale = Scale.Of(bounds.High);
        string low = One(bounds.Low, scale, Rounding.Down, withUnit: false);
        string high = One(bounds.High, scale, Rounding.Up, withUnit: true);
        return $"{low}-{high}";
    }

    /// <summary>Only the upper bound, rounded up.</summary>
    public static string Below(Bounds bounds)
    {
        if (bounds.High == ulong.MaxValue)
        {
            return Range(bounds);
        }

        return "<" + One(bounds.High + 1, Scale.Of(bounds.High + 1), Rounding.Up, withUnit: true);
    }

    private static string One(ulong ns, Scale scale, Rounding rounding, bool withUnit)
    {
        (ulong steps, ulong rest) = Math.DivRem(ns, scale.StepNs);
        if ((rounding == Rounding.Up && rest > 0) || (rounding == Rounding.Nearest && rest >= scale.StepNs - rest))
        {
            steps++;
        }

        // Rounding up can need a digit more: 99.97 becomes 100.0, still in the same steps.
        decimal value = steps;
        for (int digit = 0; digit < scale.Decimals; digit++)
        {
            value /= 10;
        }

        string number = value.ToString("F" + scale.Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return withUnit ? number + scale.Unit : number;
    }

    // The last digit that is printed is worth StepNs.
    private readonly record struct Scale(string Unit, int Decimals, ulong StepNs)
    {
        public static Scale Of(ulong ns)
        {
            (string unit, ulong unitNs) = ns switch
            {
                < 1_000 => ("ns", 1UL),
                < 1_000_000 => ("us", 1_000UL),
                < 1_000_000_000 => ("ms", 1_000_000UL),
                _ => ("s", 1_000_000_000UL),
            };
            int decimals = unitNs == 1 ? 0 : ns < 10 * unitNs ? 2 : ns < 100 * unitNs ? 1 : 0;
            return new(unit, decimals, unitNs / (decimals == 2 ? 100UL : decimals == 1 ? 10UL : 1UL));
        }
    }
}
