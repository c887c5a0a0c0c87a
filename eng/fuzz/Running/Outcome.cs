using System;
using System.Linq;

namespace Fathom.Fuzzing.Running;

/// <summary>What one run left: how the program ended, its result, and the eight numbers behind <c>o</c>, which a fault leaves as they were then.</summary>
/// <param name="End">1 if it came to its end, 0 after a fault.</param>
/// <param name="Result">What it returned; <see cref="Untouched"/> after a fault.</param>
/// <param name="Outputs">The numbers behind <c>o</c>.</param>
internal sealed record Outcome(uint End, ulong Result, ulong[] Outputs)
{
    /// <summary>What the place of the result holds before the run.</summary>
    public const ulong Untouched = 0xdead_dead;

    /// <summary>Where two runs differ, in words; null if they are equal.</summary>
    public string? Difference(Outcome other, string mine, string others)
    {
        if (End != other.End)
        {
            return $"{mine} ends with {End}, {others} with {other.End}";
        }

        if (Result != other.Result)
        {
            return $"{mine} gives 0x{Result:x}, {others} 0x{other.Result:x}";
        }

        int at = Outputs.AsSpan().CommonPrefixLength(other.Outputs);
        return at == Outputs.Length ? null : $"{mine} leaves o[{at}] = 0x{Outputs[at]:x}, {others} 0x{other.Outputs[at]:x}";
    }

    public override string ToString() => $"end {End}, result 0x{Result:x}, o = {string.Join(" ", Outputs.Select(o => o.ToString("x")))}";
}
