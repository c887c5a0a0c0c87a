using System;
using System.Collections.Generic;
using System.Globalization;

namespace Fathom.Interpreter;

/// <summary>
/// The guest's memory. The high half of an address is the number of its region, so that finding it is one look into an array; each region
/// starts well inside its 4 GiB, so that an address a little before its start is still known as that, and each elsewhere, so that a program
/// which hashes addresses meets different ones.
/// </summary>
internal sealed class AddressSpace
{
    /// <summary>Where a region starts in its 4 GiB. The packet, whose pointers have 32 bits, is region 0.</summary>
    internal const ulong StartInSlot = 0x1000_0000;

    /// <summary>The most that one region holds.</summary>
    internal const long MaxLength = 0x4000_0000;

    /// <summary>Addresses below are a null pointer and an offset.</summary>
    internal const ulong NullLimit = 0x1_0000;

    // So many addresses rest before the first of them is given again.
    private const int Resting = 64;

    private static readonly MemoryRegion Nothing = new("nothing", 0, [], false);
    private readonly Queue<int> _free = new();
    private int _count;

    /// <summary>Regions by number; what is not there is an empty one.</summary>
    internal MemoryRegion[] Slots { get; private set; } = Fill(new MemoryRegion[32], 0);

    internal MemoryRegion Add(string name, byte[] bytes, bool isWritable)
    {
        int slot = _free.Count > Resting ? _free.Dequeue() : _count++;
        if (slot == Slots.Length)
        {
            MemoryRegion[] larger = new MemoryRegion[slot * 2];
            Slots.CopyTo(larger, 0);
            Slots = Fill(larger, slot);
        }

        return Slots[slot] = new MemoryRegion(name, StartOf(slot), bytes, isWritable);
    }

    /// <summary>The address of a region by its number; a multiple of 64.</summary>
    internal static ulong StartOf(int slot) => ((ulong)slot << 32) + StartInSlot + ((ulong)(slot & 0xfff) * 0x1_0040);

    /// <summary>Takes a region away. Its addresses are not given again before many others were, so that a stale pointer is seen as one.</summary>
    internal static void Remove(MemoryRegion region)
    {
        region.Extent = 0;
        region.Name += ", which is no more";
    }

    /// <summary>Gives the addresses of a removed region free, for later.</summary>
    internal void Recycle(MemoryRegion region)
    {
        int slot = (int)(region.Start >> 32);
        Slots[slot] = Nothing;
        _free.Enqueue(slot);
    }

    internal MemoryRegion Find(ulong address)
    {
        ulong slot = address >> 32;
        return slot < (ulong)Slots.Length ? Slots[(int)slot] : Nothing;
    }

    /// <summary>Bytes at an address; false if they are not all there, or may not be written.</summary>
    internal bool TryGet(ulong address, int size, bool write, out Span<byte> bytes)
    {
        MemoryRegion region = Find(address);
        if (size >= 0 && region.Contains(address, (ulong)size) && (!write || region.IsWritable))
        {
            bytes = region.Bytes.AsSpan((int)(address - region.Start), size);
            return true;
        }

        // Nothing is everywhere.
        bytes = default;
        return size == 0;
    }

    /// <summary>An address in words: what is there, or near.</summary>
    internal string Describe(ulong address, ulong size, bool write)
    {
        MemoryRegion region = Find(address);
        if (address < NullLimit)
        {
            return "a null pointer";
        }

        if (ReferenceEquals(region, Nothing))
        {
            return "nothing is near";
        }

        string name = region.Name;
        if (region.Extent == 0)
        {
            return $"it points to the {name}";
        }

        ulong offset = address - region.Start;
        if (address < region.Start)
        {
            return $"{Number(region.Start - address)} bytes before the {name}";
        }

        ulong length = region.CellSize;
        if (region.HasCells)
        {
            if (offset < region.Extent)
            {
                name += $" (cell {Number(offset / region.Stride)})";
                offset &= region.Mask;
            }
            else
            {
                length = region.Extent;
            }
        }

        return offset >= length ? $"{Number(offset - length)} bytes behind the end of the {name}, which has {Number(length)} bytes"
            : offset + size > length ? $"it starts at byte {Number(offset)} of the {name} and reaches {Number(offset + size - length)} bytes over its end at {Number(length)}"
            : write && !region.IsWritable ? $"the {name} is read-only"
            : $"byte {Number(offset)} of the {name}";
    }

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static MemoryRegion[] Fill(MemoryRegion[] slots, int from)
    {
        for (int i = from; i < slots.Length; i++)
        {
            slots[i] = Nothing;
        }

        return slots;
    }
}
