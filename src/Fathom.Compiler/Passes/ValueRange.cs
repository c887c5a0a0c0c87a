namespace Fathom.Compiler.Passes;

/// <summary>The numbers that a value may be, as unsigned and as signed ones.</summary>
internal struct ValueRange(int bits)
{
    private ulong _low = 0;
    private ulong _high = bits == 32 ? uint.MaxValue : ulong.MaxValue;
    private long _signedLow = bits == 32 ? int.MinValue : long.MinValue;
    private long _signedHigh = bits == 32 ? int.MaxValue : long.MaxValue;

    public void LimitUnsigned(ulong low, ulong high)
    {
        _low = low > _low ? low : _low;
        _high = high < _high ? high : _high;
        ulong signBit = 1UL << (bits - 1);
        if (_high < signBit)
        {
            LimitSigned((long)_low, (long)_high);
        }
    }

    /// <summary>Takes in how it stands to a number.</summary>
    public void Limit(Relation relation, long number)
    {
        ulong unsigned = (ulong)number;
        ulong most = bits == 32 ? uint.MaxValue : ulong.MaxValue;
        bool mayBeEqual = (relation.Unsigned & Relation.Equal) != 0;
        if ((relation.Unsigned & Relation.Greater) == 0 && (mayBeEqual || unsigned > 0))
        {
            LimitUnsigned(0, mayBeEqual ? unsigned : unsigned - 1);
        }

        if ((relation.Unsigned & Relation.Less) == 0 && (mayBeEqual || unsigned < most))
        {
            LimitUnsigned(mayBeEqual ? unsigned : unsigned + 1, most);
        }

        long signed = bits == 32 ? (int)number : number;
        long least = bits == 32 ? int.MinValue : long.MinValue;
        long greatest = bits == 32 ? int.MaxValue : long.MaxValue;
        mayBeEqual = (relation.Signed & Relation.Equal) != 0;
        if ((relation.Signed & Relation.Greater) == 0 && (mayBeEqual || signed > least))
        {
            LimitSigned(least, mayBeEqual ? signed : signed - 1);
        }

        if ((relation.Signed & Relation.Less) == 0 && (mayBeEqual || signed < greatest))
        {
            LimitSigned(mayBeEqual ? signed : signed + 1, greatest);
        }
    }

    /// <summary>How it may stand to a number.</summary>
    public readonly Relation Compare(long number)
    {
        ulong unsigned = (ulong)number;
        long signed = bits == 32 ? (int)number : number;
        int unsignedRelation = (_low < unsigned ? Relation.Less : 0) | (_high > unsigned ? Relation.Greater : 0)
            | (_low <= unsigned && unsigned <= _high ? Relation.Equal : 0);
        int signedRelation = (_signedLow < signed ? Relation.Less : 0) | (_signedHigh > signed ? Relation.Greater : 0)
            | (_signedLow <= signed && signed <= _signedHigh ? Relation.Equal : 0);
        // Nothing is left of a value on a way that is never taken.
        return unsignedRelation == 0 || signedRelation == 0 ? Relation.Any : new((byte)unsignedRelation, (byte)signedRelation);
    }

    private void LimitSigned(long low, long high)
    {
        _signedLow = low > _signedLow ? low : _signedLow;
        _signedHigh = high < _signedHigh ? high : _signedHigh;
        if (_signedLow >= 0 && ((ulong)_signedLow > _low || (ulong)_signedHigh < _high) && _signedHigh >= _signedLow)
        {
            _low = (ulong)_signedLow > _low ? (ulong)_signedLow : _low;
            _high = (ulong)_signedHigh < _high ? (ulong)_signedHigh : _high;
        }
    }
}
