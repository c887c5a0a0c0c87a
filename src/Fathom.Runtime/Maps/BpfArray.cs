using System;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>An array shared with programs (<c>BPF_MAP_TYPE_ARRAY</c>). All its elements always exist.</summary>
/// <typeparam name="TValue">Element, laid out as the program lays it out.</typeparam>
public sealed unsafe class BpfArray<TValue>
    where TValue : unmanaged
{
    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type, or values of another size.</exception>
    public BpfArray(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(uint), sizeof(TValue), MapType.Array);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Map.MaxEntries;

    /// <summary>One element.</summary>
    public TValue this[int index]
    {
        get
        {
            TValue value;
            Require(Map.Call(BpfCommand.MapLookup, &index, &value, 0), "look up in map");
            return value;
        }

        set => Require(Map.Call(BpfCommand.MapUpdate, &index, &value, 0), "update map");
    }

    /// <summary>Reads elements from the first on, with one system call where the kernel has batches (Linux 5.6).</summary>
    /// <param name="values">Where to; at most <see cref="Count"/>.</param>
    public void Read(Span<TValue> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(values.Length, Count);
        if (ArrayReader.TryReadBatch(Map, MemoryMarshal.AsBytes(values), values.Length))
        {
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = this[i];
        }
    }

    private void Require(int error, string operation)
    {
        if (error != 0)
        {
            throw Map.Failure(operation, error);
        }
    }
}

/// <summary>Reads the elements of arrays in one call.</summary>
internal static unsafe class ArrayReader
{
    /// <summary>Reads the first elements; false if kernel or map have no batches.</summary>
    public static bool TryReadBatch(BpfMap map, Span<byte> values, int count)
    {
        if (map.HasNoBatches || count == 0)
        {
            return count == 0;
        }

        // The kernel wants the keys written too, although those of an array are known.
        byte[] keys = System.Buffers.ArrayPool<byte>.Shared.Rent(count * sizeof(uint));
        try
        {
            ulong cursor = 0;
            fixed (byte* keyPointer = keys, valuePointer = values)
            {
                var attributes = new MapBatchAttributes
                {
                    Map = map.Descriptor.Value,
                    OutBatch = &cursor,
                    Keys = keyPointer,
                    Values = valuePointer,
                    Count = (uint)count,
                };
                int result = map.Kernel.Calls.Bpf(BpfCommand.MapLookupBatch, ref attributes);
                switch (-result)
                {
                    case Errno.EINVAL or Errno.ENOTSUPP or Errno.EOPNOTSUPP:
                        map.HasNoBatches = true;
                        return false;
                    case <= 0 or Errno.ENOENT when attributes.Count == count:
                        return true;
                    default:
                        throw map.Failure("read map", -result);
                }
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(keys);
        }
    }
}
