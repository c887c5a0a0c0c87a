using System;
using System.Buffers;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>Stack traces by the id that <c>bpf_get_stackid</c> gave (<c>BPF_MAP_TYPE_STACK_TRACE</c>).</summary>
public sealed class BpfStackTraces
{
    /// <summary>A typed view of a map.</summary>
    /// <exception cref="ArgumentException">The map has another type.</exception>
    public BpfStackTraces(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        Map = map.Expect(sizeof(uint), map.ValueSize, MapType.StackTrace);
    }

    /// <summary>The map.</summary>
    public BpfMap Map { get; }

    /// <summary>The most frames that a trace can have.</summary>
    public int MaxDepth => Map.ValueSize / sizeof(ulong);

    /// <summary>Reads one trace.</summary>
    /// <param name="id">The id.</param>
    /// <param name="frames">Addresses, the innermost first; <see cref="MaxDepth"/> of them always suffice.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>False if there is no such trace (any more).</returns>
    public bool TryGet(int id, Span<ulong> frames, out int count)
    {
        count = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Map.ValueSize);
        try
        {
            Span<byte> value = buffer.AsSpan(0, Map.ValueSize);
            if (!Map.TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in id)), value))
            {
                return false;
            }

            // The kernel pads the trace with zeros; no frame has the address 0.
            foreach (ulong frame in MemoryMarshal.Cast<byte, ulong>(value))
            {
                if (frame == 0 || count == frames.Length)
                {
                    break;
                }

                frames[count++] = frame;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Forgets one trace; false if there was none.</summary>
    public bool Delete(int id) => Map.Delete(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in id)));
}
