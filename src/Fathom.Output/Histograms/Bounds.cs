using System;

namespace Fathom.Output.Histograms;

/// <summary>What is known about a duration: that it lies from <paramref name="Low"/> to <paramref name="High"/>, both included.</summary>
/// <param name="Low">The least it can be, in nanoseconds.</param>
/// <param name="High">The most it can be, in nanoseconds; <see cref="ulong.MaxValue"/> where nothing is known.</param>
public readonly record struct Bounds(ulong Low, ulong High)
{
    /// <summary>A value that is known.</summary>
    public static Bounds Exactly(ulong value) => new(value, value);

    /// <summary>Whether only one value is possible.</summary>
    public bool IsExact => Low == High;

    /// <summary>What remains possible if <paramref name="other"/> holds too; this, if the two contradict each other.</summary>
    public Bounds Within(Bounds other)
    {
        ulong low = Math.Max(Low, other.Low);
        ulong high = Math.Min(High, other.High);
        return low <= high ? new Bounds(low, high) : this;
    }
}
