using System;
using System.Collections.Generic;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// Which segment an address lies in: the first that holds it, as segments may overlap. Made once, since a file may have a thousand of them, and asked for
/// each of its symbols and words.
/// </summary>
internal sealed class SegmentMap
{
    private readonly List<(ulong Begin, ulong End, ImageSegment Segment)> _parts = [];

    /// <summary>Makes it.</summary>
    /// <param name="segments">All segments.</param>
    /// <param name="fileSize">Bytes of the file: what segments claim behind it does not count.</param>
    /// <param name="isWanted">Which of those that are loaded count.</param>
    public SegmentMap(IReadOnlyList<ImageSegment> segments, ulong fileSize, Func<ImageSegment, bool> isWanted)
    {
        var bounds = new List<(ulong At, bool IsEnd, int Segment)>();
        for (int i = 0; i < segments.Count; i++)
        {
            ImageSegment one = segments[i];
            ulong rest = one.Offset < fileSize ? fileSize - one.Offset : 0;
            ulong size = Math.Min(Math.Min(one.FileSize, rest), ulong.MaxValue - one.Address);
            if (one.Type == ImageHeaders.LoadSegment && size > 0 && isWanted(one))
            {
                bounds.Add((one.Address, false, i));
                bounds.Add((one.Address + size, true, i));
            }
        }

        bounds.Sort(static (a, b) => a.At.CompareTo(b.At));
        var here = new SortedSet<int>();
        ulong begin = 0;
        foreach ((ulong at, bool isEnd, int segment) in bounds)
        {
            if (here.Count > 0 && at > begin)
            {
                Add(begin, at, segments[here.Min]);
            }

            begin = at;
            _ = isEnd ? here.Remove(segment) : here.Add(segment);
        }
    }

    /// <summary>Finds the segment of an address.</summary>
    /// <returns>False if nothing of the file is loaded there.</returns>
    public bool TryFind(ulong address, out ImageSegment segment)
    {
        int low = 0, high = _parts.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _parts[middle].Begin <= address ? (middle + 1, high) : (low, middle);
        }

        bool isFound = low > 0 && address < _parts[low - 1].End;
        segment = isFound ? _parts[low - 1].Segment : default;
        return isFound;
    }

    private void Add(ulong begin, ulong end, ImageSegment segment)
    {
        if (_parts.Count > 0 && _parts[_parts.Count - 1] is var last && last.End == begin && last.Segment == segment)
        {
            _parts[_parts.Count - 1] = (last.Begin, end, segment);
        }
        else
        {
            _parts.Add((begin, end, segment));
        }
    }
}
