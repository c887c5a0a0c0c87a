using System;
using Fathom.Output.Rows;

namespace Fathom.Tools.Shared.Kernel;

/// <summary>Puts together what <see cref="PathNames"/> wrote. The result is good until the next one.</summary>
internal sealed class PathText
{
    private byte[] _bytes = new byte[4096];
    private int _used;

    /// <summary>The path of names, and another one below it.</summary>
    /// <param name="names">Names from a place upwards, each ended by a NUL.</param>
    /// <param name="end">Where they end. Below the root the path begins with three dots; one that ends nowhere has no slash before it.</param>
    /// <param name="below">A path below, with or without a slash before it; empty for none.</param>
    public TextValue Join(ReadOnlySpan<byte> names, PathEnd end, ReadOnlySpan<byte> below)
    {
        _used = 0;
        if (end == PathEnd.Below)
        {
            Put("..."u8);
        }

        while (!names.IsEmpty)
        {
            names = names[..^1];
            int start = names.LastIndexOf((byte)0) + 1;
            if (_used > 0 || end != PathEnd.Nowhere)
            {
                Put("/"u8);
            }

            Put(names[start..]);
            names = names[..start];
        }

        if (_used == 0 || (!below.IsEmpty && below[0] != (byte)'/'))
        {
            Put("/"u8);
        }

        Put(_used == 1 && !below.IsEmpty && below[0] == (byte)'/' ? below[1..] : below);

        return TextValue.Whole(_bytes.AsSpan(0, _used));
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _used < bytes.Length)
        {
            Array.Resize(ref _bytes, (_used + bytes.Length) * 2);
        }

        bytes.CopyTo(_bytes.AsSpan(_used));
        _used += bytes.Length;
    }
}
