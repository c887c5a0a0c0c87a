using System;

namespace Fathom.Compiler.IR;

/// <summary>A set of small numbers, for data-flow: one bit each.</summary>
internal sealed class BitSet(int size)
{
    private readonly ulong[] _words = new ulong[(size + 63) >> 6];

    public bool this[int index] => (_words[index >> 6] >> (index & 63) & 1) != 0;

    public void Add(int index) => _words[index >> 6] |= 1UL << (index & 63);

    public void Remove(int index) => _words[index >> 6] &= ~(1UL << (index & 63));

    public void Clear() => Array.Clear(_words, 0, _words.Length);

    public void CopyFrom(BitSet other) => Array.Copy(other._words, _words, _words.Length);

    /// <summary>Adds all of another set; true if that changed something.</summary>
    public bool UnionWith(BitSet other)
    {
        bool changed = false;
        for (int i = 0; i < _words.Length; i++)
        {
            ulong united = _words[i] | other._words[i];
            changed |= united != _words[i];
            _words[i] = united;
        }

        return changed;
    }

    /// <summary>Becomes <c>gen | (this &amp; ~kill)</c> of another set; true if that changed something.</summary>
    public bool Transfer(BitSet from, BitSet gen, BitSet kill)
    {
        bool changed = false;
        for (int i = 0; i < _words.Length; i++)
        {
            ulong value = gen._words[i] | (from._words[i] & ~kill._words[i]);
            changed |= value != _words[i];
            _words[i] = value;
        }

        return changed;
    }

    /// <summary>The next member at or after an index, -1 if there is none.</summary>
    public int Next(int index)
    {
        int word = index >> 6;
        if (word >= _words.Length)
        {
            return -1;
        }

        ulong bits = _words[word] >> (index & 63) << (index & 63);
        while (bits == 0)
        {
            if (++word == _words.Length)
            {
                return -1;
            }

            bits = _words[word];
        }

        return (word << 6) + TrailingZeros(bits);
    }

    // netstandard2.0 has no BitOperations.
    private static int TrailingZeros(ulong bits)
    {
        int count = 0;
        if ((bits & 0xffffffff) == 0)
        {
            count += 32;
            bits >>= 32;
        }

        if ((bits & 0xffff) == 0)
        {
            count += 16;
            bits >>= 16;
        }

        if ((bits & 0xff) == 0)
        {
            count += 8;
            bits >>= 8;
        }

        while ((bits & 1) == 0)
        {
            count++;
            bits >>= 1;
        }

        return count;
    }
}
