using System;

namespace Fathom.Interpreter;

/// <summary>
/// A range of guest addresses with bytes behind it. No two regions lie side by side: an access that leaves one lands in none. A region may
/// consist of cells (the values of a map), between which are gaps of the same kind.
/// </summary>
public sealed class MemoryRegion
{
    internal MemoryRegion(string name, ulong start, byte[] bytes, bool isWritable)
    {
        Name = name;
        Start = start;
        Bytes = bytes;
        IsWritable = isWritable;
        Extent = CellSize = (ulong)bytes.Length;
        Mask = ulong.MaxValue;
    }

    /// <summary>What lies there, for messages: <c>stack of frame 0</c>, <c>context</c>, <c>value of map Forks</c>.</summary>
    public string Name { get; internal set; }

    /// <summary>The guest address of the first byte.</summary>
    public ulong Address => Start;

    /// <summary>How many bytes are accessible, gaps between cells included; 0 for a region that is no more.</summary>
    public int Length => (int)Extent;

    /// <summary>True if programs may write. The host always may.</summary>
    public bool IsWritable { get; internal set; }

    /// <summary>The bytes; the host reads and writes them directly.</summary>
    public Span<byte> Span => Bytes.AsSpan(0, Length);

    internal ulong Start { get; }

    internal byte[] Bytes { get; set; }

    /// <summary>Bytes from the start in which accesses may begin.</summary>
    internal ulong Extent { get; set; }

    /// <summary>Takes an offset to its place in a cell: all bits where there is one cell.</summary>
    internal ulong Mask { get; private set; }

    /// <summary>Accessible bytes of each cell.</summary>
    internal ulong CellSize { get; set; }

    /// <summary>Distance of cells: a power of two, and more than a cell holds.</summary>
    internal ulong Stride => Mask == ulong.MaxValue ? 0 : Mask + 1;

    internal bool HasCells => Mask != ulong.MaxValue;

    /// <summary>The map of which this is the handle or the values.</summary>
    internal InterpretedMap? Owner { get; set; }

    internal bool Contains(ulong address, ulong size)
    {
        ulong offset = address - Start;
        return offset < Extent && (offset & Mask) + size <= CellSize && size <= CellSize;
    }

    internal void DivideIntoCells(int cellSize, ulong stride)
    {
        CellSize = (ulong)cellSize;
        Mask = stride - 1;
    }

    /// <summary>Makes the region accessible up to some bytes, which are there already or become so.</summary>
    internal void Resize(int extent)
    {
        if (extent > Bytes.Length)
        {
            byte[] larger = new byte[extent];
            Bytes.CopyTo(larger, 0);
            Bytes = larger;
        }

        Extent = (ulong)extent;
    }
}
