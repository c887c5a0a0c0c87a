using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// Places of an image that get no probe whatever instruction is there: code that the loader changes, code in memory that may be written, and restartable
/// sequences.
/// </summary>
internal sealed class PlaceRefusals
{
    // struct rseq_cs: https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/rseq.h
    private const string Sequences = "__rseq_cs";
    private const ulong SequenceSize = 32, StartAt = 8, LengthAt = 16, AbortAt = 24;
    private const ulong SignatureSize = 4;

    private readonly ElfImage _image;
    private readonly bool _isRelocated;
    private readonly HashSet<ulong> _starts = [];
    private readonly List<(ulong Begin, ulong End)> _ranges = [];
    private readonly bool _isUnknown;

    /// <summary>Looks which places of an image these are.</summary>
    /// <param name="image">The image; must stay open as long as this is used.</param>
    /// <exception cref="BadFormatException">The image is damaged.</exception>
    public PlaceRefusals(ElfImage image)
    {
        _image = image;
        _isRelocated = image.HasTextRelocations;
        if (image.SectionRange(Sequences) is not { } table)
        {
            return;
        }

        // The loader puts two of the addresses there that the kernel reads.
        Dictionary<ulong, ulong> pointers = [];
        foreach (ElfPointer pointer in image.CodePointers)
        {
            if (pointer.Location - table.Address < table.Size)
            {
                pointers[pointer.Location] = pointer.Target;
            }
        }

        List<(ulong Begin, ulong End)> found = [];
        ReadOnlyMemory<byte> bytes = image.ReadLoaded(table.Address);
        for (ulong at = 0; at + SequenceSize <= table.Size; at += SequenceSize)
        {
            if ((ulong)bytes.Length < SequenceSize)
            {
                // Large segments are read in parts.
                bytes = image.ReadLoaded(table.Address + at);
            }

            if ((ulong)bytes.Length < SequenceSize)
            {
                _isUnknown = true;
                break;
            }

            ReadOnlySpan<byte> sequence = bytes.Span[..(int)SequenceSize];
            if (pointers.TryGetValue(table.Address + at + StartAt, out ulong start) && pointers.TryGetValue(table.Address + at + AbortAt, out ulong abort))
            {
                _starts.Add(start);
                ulong length = BinaryPrimitives.ReadUInt64LittleEndian(sequence[(int)LengthAt..]);
                found.Add((start, length > ulong.MaxValue - start ? ulong.MaxValue : start + length));
                found.Add((abort - SignatureSize, abort));
            }
            else
            {
                _isUnknown |= sequence.ContainsAnyExcept((byte)0);
            }

            bytes = bytes[(int)SequenceSize..];
        }

        foreach ((ulong begin, ulong end) in found.Order())
        {
            if (_ranges.Count > 0 && _ranges[^1] is var last && begin <= last.End)
            {
                _ranges[^1] = (last.Begin, Math.Max(last.End, end));
            }
            else
            {
                _ranges.Add((begin, end));
            }
        }
    }

    /// <summary>Why no probe is placed at an address; null if nothing speaks against it but the instruction.</summary>
    /// <param name="address">The address.</param>
    /// <param name="length">Bytes of the instruction there.</param>
    public ProbeRefusal? At(ulong address, int length) =>
        _isRelocated ? ProbeRefusal.Relocated
        : _image.IsWritableCode(address) ? ProbeRefusal.Writable
        : IsRestarted(address, length) ? ProbeRefusal.Restarted
        : null;

    // Also what arms the sequence, just before it: the kernel disarms it if it looks while that is stepped.
    private bool IsRestarted(ulong address, int length)
    {
        if (_isUnknown || _starts.Contains(address + (ulong)length))
        {
            return true;
        }

        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ranges[middle].Begin <= address ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && address < _ranges[low - 1].End;
    }
}
