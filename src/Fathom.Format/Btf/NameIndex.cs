using System;

namespace Fathom.Format.Btf;

/// <summary>
/// Which of many wanted names a name is. By order and not by a hash, because those who choose the names must not be able to choose the cost.
/// </summary>
internal sealed class NameIndex
{
    private readonly byte[][] _names;
    private readonly int[] _order;

    // By the low bits of their lengths: most names are of another length than all that are wanted.
    private readonly ulong _lengths;

    /// <param name="names">The wanted names; the same may be there several times.</param>
    public NameIndex(byte[][] names)
    {
        _names = names;
        _order = new int[names.Length];
        for (int i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
            _lengths |= 1UL << (names[i].Length & 63);
        }

        Array.Sort(_order, (a, b) => names[a].AsSpan().SequenceCompareTo(names[b]) is var order and not 0 ? order : a.CompareTo(b));
    }

    /// <summary>The indexes of the wanted names that are equal to a name, in their order.</summary>
    public ReadOnlySpan<int> Find(ReadOnlySpan<byte> name)
    {
        if ((_lengths >> (name.Length & 63) & 1) == 0)
        {
            return default;
        }

        int low = 0;
        int high = _order.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (name.SequenceCompareTo(_names[_order[middle]]) > 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        int end = low;
        while (end < _order.Length && name.SequenceEqual(_names[_order[end]]))
        {
            end++;
        }

        return _order.AsSpan(low, end - low);
    }
}
