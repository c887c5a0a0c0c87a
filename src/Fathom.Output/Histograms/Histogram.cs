using System;
using System.Numerics;

namespace Fathom.Output.Histograms;

/// <summary>
/// Durations by slot (<see cref="LogLinearSlots"/>), with the count, the sum and the maximum of each slot. Counts of the same
/// slots add up exactly, and so do powers of two: they are the same data folded.
/// </summary>
public sealed class Histogram
{
    private readonly SlotTotals[] _slots;

    /// <summary>An empty histogram.</summary>
    /// <param name="unitNs">Nanoseconds in the unit that durations were divided by to find their slot.</param>
    /// <param name="slotCount">How many slots there are; the last one also holds whatever is longer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The unit is 0, or the slots are none or more than <see cref="LogLinearSlots.All"/>.</exception>
    public Histogram(ulong unitNs, int slotCount)
    {
        ArgumentOutOfRangeException.ThrowIfZero(unitNs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slotCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slotCount, LogLinearSlots.All);
        UnitNs = unitNs;
        _slots = new SlotTotals[slotCount];
    }

    /// <summary>Nanoseconds in the unit that durations were divided by to find their slot.</summary>
    public ulong UnitNs { get; }

    /// <summary>How many slots there are.</summary>
    public int SlotCount => _slots.Length;

    /// <summary>What is known about one slot.</summary>
    public SlotTotals this[int slot] => _slots[slot];

    /// <summary>How many durations there are.</summary>
    public ulong Count { get; private set; }

    /// <summary>The sum of all durations, in nanoseconds.</summary>
    public ulong SumNs { get; private set; }

    /// <summary>How many durations are in the last slot, which has no upper bound.</summary>
    public ulong CountInOpenEnd => SlotCount == LogLinearSlots.All ? 0 : _slots[^1].Count;

    /// <summary>The longest duration, in nanoseconds; 0 if there is none.</summary>
    public Bounds Max
    {
        get
        {
            int last = Array.FindLastIndex(_slots, static slot => slot.Count > 0);
            return last < 0 ? default : BoundsOf(last).Within(_slots[last].Max);
        }
    }

    /// <summary>Adds the totals of a slot, as a probe has counted them.</summary>
    public void Add(int slot, SlotTotals totals)
    {
        _slots[slot] = _slots[slot].Plus(totals);
        Count += totals.Count;
        SumNs += totals.SumNs;
    }

    /// <summary>Adds one duration.</summary>
    public void Record(ulong ns) => Add(LogLinearSlots.SlotOf(ns / UnitNs, SlotCount), SlotTotals.Measured(1, ns, ns));

    /// <summary>Adds another histogram of the same slots.</summary>
    /// <exception cref="ArgumentException">Its slots are others.</exception>
    public void Merge(Histogram other)
    {
        MustHaveTheSameSlots(other);
        for (int slot = 0; slot < SlotCount; slot++)
        {
            Add(slot, other._slots[slot]);
        }
    }

    /// <summary>What was added since an earlier reading of the same histogram.</summary>
    /// <exception cref="ArgumentException"><paramref name="before"/> has other slots, or is no earlier reading: it holds more.</exception>
    public Histogram Since(Histogram before)
    {
        MustHaveTheSameSlots(before);
        var interval = new Histogram(UnitNs, SlotCount);
        for (int slot = 0; slot < SlotCount; slot++)
        {
            interval.Add(slot, _slots[slot].Minus(before._slots[slot], BoundsOf(slot)));
        }

        return interval;
    }

    /// <summary>What a duration in a slot can be, in nanoseconds.</summary>
    public Bounds BoundsOf(int slot)
    {
        ulong low = Saturating(LogLinearSlots.Low(slot), 0);
        ulong high = LogLinearSlots.High(slot, SlotCount);
        return new(low, high == ulong.MaxValue ? high : Saturating(high, UnitNs - 1));
    }

    /// <summary>
    /// The counts of the powers of two of a unit: at index 1 what is shorter than 2 units, and at index i > 1 what has from 2^(i-1)
    /// to 2^i - 1 whole units. Index 0 stays empty.
    /// </summary>
    /// <exception cref="ArgumentException">The unit is no power of two of the histogram's own unit, so slots would be cut.</exception>
    public ulong[] Fold(TimeUnit unit)
    {
        (ulong ratio, ulong rest) = Math.DivRem(unit.Nanoseconds, UnitNs);
        if (rest != 0 || !BitOperations.IsPow2(ratio))
        {
            throw new ArgumentException($"{unit.Label} cannot be folded from units of {UnitNs} ns", nameof(unit));
        }

        int shift = BitOperations.Log2(ratio);
        var rows = new ulong[65];
        for (int slot = 0; slot < SlotCount; slot++)
        {
            ulong units = LogLinearSlots.Low(slot) >> shift;
            rows[units < 2 ? 1 : BitOperations.Log2(units) + 1] += _slots[slot].Count;
        }

        return rows;
    }

    private ulong Saturating(ulong units, ulong add)
    {
        UInt128 ns = ((UInt128)units * UnitNs) + add;
        return ns > ulong.MaxValue ? ulong.MaxValue : (ulong)ns;
    }

    private void MustHaveTheSameSlots(Histogram other)
    {
        if (other.UnitNs != UnitNs || other.SlotCount != SlotCount)
        {
            throw new ArgumentException(
                $"{other.SlotCount} slots of {other.UnitNs} ns cannot be taken together with {SlotCount} slots of {UnitNs} ns", nameof(other));
        }
    }
}
