using System;
using System.Linq;
using System.Numerics;
using Fathom.Output.Histograms;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class LogLinearSlotsTests
{
    [Fact]
    public void Every_slot_begins_and_ends_where_its_neighbours_do()
    {
        ulong expected = 0;
        for (int slot = 0; slot < LogLinearSlots.All; slot++)
        {
            ulong low = LogLinearSlots.Low(slot);
            ulong high = LogLinearSlots.High(slot);
            Assert.Equal(expected, low);
            Assert.True(high >= low);
            Assert.Equal(slot, LogLinearSlots.SlotOf(low));
            Assert.Equal(slot, LogLinearSlots.SlotOf(high));
            Assert.True(high - low <= low / 16, $"slot {slot} is wider than a sixteenth");
            expected = high + 1;
        }

        Assert.Equal(0UL, expected);
    }

    [Fact]
    public void Follows_the_formula_that_the_kernel_side_follows()
    {
        foreach (ulong value in Enumerable.Range(0, 64).Select(static bit => 1UL << bit).SelectMany(static v => new[] { v - 1, v, v + 1, v + (v / 2) }))
        {
            int e = value == 0 ? 0 : BitOperations.Log2(value);
            int expected = value < 16 ? (int)value : ((e - 4) * 16) + 16 + (int)((value >> (e - 4)) & 15);
            Assert.Equal(expected, LogLinearSlots.SlotOf(value));
        }
    }

    [Theory]
    [InlineData(4, 16)]
    [InlineData(5, 32)]
    [InlineData(40, 592)]
    [InlineData(64, 976)]
    public void As_many_slots_as_bits_need(int bits, int slots)
    {
        Assert.Equal(slots, LogLinearSlots.CountFor(bits));
        Assert.Equal(slots - 1, LogLinearSlots.SlotOf(bits == 64 ? ulong.MaxValue : (1UL << bits) - 1));
    }

    [Fact]
    public void What_is_larger_is_in_the_last_slot_which_is_open_ended()
    {
        int count = LogLinearSlots.CountFor(6);
        Assert.Equal(47, LogLinearSlots.SlotOf(63, count));
        Assert.Equal(47, LogLinearSlots.SlotOf(64, count));
        Assert.Equal(47, LogLinearSlots.SlotOf(ulong.MaxValue, count));
        Assert.Equal(ulong.MaxValue, LogLinearSlots.High(47, count));
        Assert.Equal(61UL, LogLinearSlots.High(46, count));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(LogLinearSlots.All)]
    public void There_are_no_other_slots(int slot)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LogLinearSlots.Low(slot));
        Assert.Throws<ArgumentOutOfRangeException>(() => LogLinearSlots.High(slot));
    }
}
