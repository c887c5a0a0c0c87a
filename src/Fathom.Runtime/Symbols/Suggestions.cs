using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Fathom.Runtime;

/// <summary>Names that somebody may have meant.</summary>
public static class Suggestions
{
    // What a name that contains the wanted one costs, in tenths of an edit: less than two edits, more than one.
    private const int EditCost = 10;
    private const int PrefixCost = 12;
    private const int SuffixCost = 13;
    private const int InsideCost = 14;
    private const int LongestPattern = 64;

    /// <summary>
    /// The names nearest to one that does not exist, best first: by the number of letters that were left out, added, changed or swapped,
    /// and those that it is a part of. Case does not count, except between equals. Looking through 100,000 names takes some 20 ms.
    /// </summary>
    /// <param name="wanted">What was asked for.</param>
    /// <param name="names">The names that exist.</param>
    /// <param name="most">How many are wanted at most.</param>
    /// <returns>Different names; none if nothing is near.</returns>
    public static IReadOnlyList<string> Nearest(string wanted, IEnumerable<string> names, int most)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(names);
        List<(int Cost, string Name)> best = [];
        if (most <= 0 || wanted.Length is 0 or > LongestPattern)
        {
            return [];
        }

        string lower = wanted.ToLowerInvariant();
        Span<ulong> positions = stackalloc ulong[128];
        positions.Clear();
        for (int i = 0; i < lower.Length; i++)
        {
            positions[lower[i] & 127] |= lower[i] < 128 ? 1UL << i : 0;
        }

        int bound = Math.Clamp(lower.Length / 3, 1, 4);
        foreach (string name in names)
        {
            int limit = best.Count < most ? int.MaxValue : best[^1].Cost;
            int cost = CostOf(lower, name, positions, bound);
            if (cost < limit || (cost == limit && cost < int.MaxValue && Compare((cost, name), best[^1]) < 0))
            {
                Insert(best, (cost, name), most);
            }
        }

        List<string> result = new(best.Count);
        foreach ((_, string name) in best)
        {
            result.Add(name);
        }

        return result;
    }

    private static void Insert(List<(int Cost, string Name)> best, (int Cost, string Name) candidate, int most)
    {
        int at = best.FindIndex(other => Compare(candidate, other) <= 0);
        at = at < 0 ? best.Count : at;
        if (at < best.Count && best[at] == candidate)
        {
            return;
        }

        best.Insert(at, candidate);
        if (best.Count > most)
        {
            best.RemoveAt(most);
        }
    }

    private static int Compare((int Cost, string Name) a, (int Cost, string Name) b)
    {
        int order = a.Cost.CompareTo(b.Cost);
        order = order != 0 ? order : a.Name.Length.CompareTo(b.Name.Length);
        return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
    }

    private static int CostOf(string wanted, string name, ReadOnlySpan<ulong> positions, int bound)
    {
        if (name.Equals(wanted, StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        int longer = name.Length - wanted.Length;
        int cost = int.MaxValue;
        if (Math.Abs(longer) <= bound)
        {
            int distance = Distance(wanted.Length, name, positions);
            cost = distance <= bound ? distance * EditCost : cost;
        }

        // A short word is part of too many names to mean one of them.
        if (longer > 0 && wanted.Length >= 3 && cost > EditCost && name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
        {
            int place = name.StartsWith(wanted, StringComparison.OrdinalIgnoreCase) ? PrefixCost
                : name.EndsWith(wanted, StringComparison.OrdinalIgnoreCase) ? SuffixCost : InsideCost;
            cost = Math.Min(cost, place + Math.Min(longer, 2 * EditCost));
        }

        return cost;
    }

    // Edit distance with swaps of neighbours, a column of the table in the bits of a word: H. Hyyrö, "A bit-vector algorithm for computing
    // Levenshtein and Damerau edit distances" (2003).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Distance(int length, string name, ReadOnlySpan<ulong> positions)
    {
        ulong vertical = ulong.MaxValue;
        ulong verticalLess = 0;
        ulong diagonal = 0;
        ulong before = 0;
        ulong last = 1UL << (length - 1);
        int distance = length;
        foreach (char letter in name)
        {
            int lower = letter is >= 'A' and <= 'Z' ? letter | 32 : letter;
            ulong match = lower < 128 ? positions[lower] : 0;
            ulong swap = ((~diagonal & match) << 1) & before;
            diagonal = (((match & vertical) + vertical) ^ vertical) | match | verticalLess | swap;
            ulong horizontal = verticalLess | ~(diagonal | vertical);
            ulong horizontalLess = diagonal & vertical;
            distance += (horizontal & last) != 0 ? 1 : (horizontalLess & last) != 0 ? -1 : 0;
            horizontal = (horizontal << 1) | 1;
            vertical = (horizontalLess << 1) | ~(diagonal | horizontal);
            verticalLess = horizontal & diagonal;
            before = match;
        }

        return distance;
    }
}
