using System;
using System.Numerics;

namespace Fathom.Output.Histograms;

/// <summary>
/// The slot scheme that the kernel side and the user side share: sixteen slots for each power of two, so a slot is at most one
/// sixteenth (6.25 %) wider than its lower bound, and the boundaries of all powers of two are boundaries of slots.
/// </summary>
/// <remarks>
/// A value below 16 has a slot of its own. Any other value v with e = floor(log2 v) is in slot (e - 4) * 16 + 16 + ((v >> (e - 4)) &amp; 15).
/// A scheme of n slots puts whatever is larger than its last slot into that last slot, which is therefore open-ended.
/// </remarks>
public static class LogLinearSlots
{
    /// <summary>Slots for each power of two.</summary>
    public const int PerPowerOfTwo = 16;

    /// <summary>Slots that hold every 64-bit value without an open end.</summary>
    public const int All = (64 - Exact + 1) * PerPowerOfTwo;

    // Below 2^Exact a slot holds a single value.
    private const int Exact = 4;

    /// <summary>How many slots hold every value below 2^<paramref name="bits"/>.</summary>
    /// <param name="bits">4 to 64.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is not from 4 to 64.</exception>
    public static int CountFor(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, Exact);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 64);
        return (bits - Exact + 1) * PerPowerOfTwo;
    }

    /// <summary>The slot of a value, in the scheme that has no end.</summary>
    public static int SlotOf(ulong value)
    {
        if (value < PerPowerOfTwo)
        {
            return (int)value;
        }

        int shift = BitOperations.Log2(value) - Exact;
        return (shift * PerPowerOfTwo) + PerPowerOfTwo + (int)((value >> shift) & (PerPowerOfTwo - 1));
    }

    /// <summary>The slot of a value among <paramref name="count"/> slots: the last one for what is larger.</summary>
    public static int SlotOf(ulong value, int count) => Math.Min(SlotOf(value), count - 1);

    /// <summary>The smallest value in a slot.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such slot.</exception>
    public static ulong Low(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, All);
        if (slot < PerPowerOfTwo)
        {
            return (ulong)slot;
        }

        int shift = (slot / PerPowerOfTwo) - 1;
        return (ulong)(PerPowerOfTwo + (slot % PerPowerOfTwo)) << shift;
    }

    /// <summary>The largest value in a slot, in the scheme that has no end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such slot.</exception>
    public static ulong High(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        return slot == All - 1 ? ulong.MaxValue : Low(slot + 1) - 1;
    }

    /// <summary>The largest value in a slot of <paramref name="count"/>: <see cref="ulong.MaxValue"/> for the last one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such slot.</exception>
    public static ulong High(int slot, int count) => slot == count - 1 ? ulong.MaxValue : High(slot);
}
