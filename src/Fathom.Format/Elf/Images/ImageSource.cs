using System;
using System.Collections.Generic;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// A file that an image is read from, part by part: only its headers and what is asked for come into memory, and what was read is a copy that
/// does not change when the file does.
/// </summary>
public abstract class ImageSource
{
    // Tables of symbols larger than this are not read; those of the largest browsers have half of it.
    private const int LargestPart = 1 << 30;

    // Parts of 4 MB that overlap, so that every byte has at least so many behind it in one of them.
    private const ulong WindowStep = 3 << 20;
    private const int MostWindows = 8;

    // Who comes back more often than this for each window, as jumps made on purpose do, has all of them kept.
    private const ulong MostReads = 4;

    private readonly List<(ulong Number, ReadOnlyMemory<byte> Bytes)> _windows = [];
    private ulong _reads;

    /// <summary>Bytes that <see cref="Peek"/> gives at least, unless the file ends before.</summary>
    internal const ulong LeastAhead = (1 << 20) + (64 << 10);

    /// <summary>Bytes of the file when it was opened.</summary>
    public abstract long Length { get; }

    /// <summary>Reads bytes of the file into memory.</summary>
    /// <param name="offset">Bytes from the start of the file.</param>
    /// <param name="buffer">Takes the bytes.</param>
    /// <returns>How many were read; fewer than asked for only where the file ends.</returns>
    /// <exception cref="BadFormatException">The file cannot be read.</exception>
    protected abstract int Read(long offset, Span<byte> buffer);

    /// <summary>Bytes that must lie in the file.</summary>
    internal virtual ReadOnlyMemory<byte> Take(ulong offset, ulong size, string problem)
    {
        if (offset > (ulong)Length || size > (ulong)Length - offset || size > LargestPart)
        {
            throw new BadFormatException(ElfFile.Format, (long)Math.Min(offset, long.MaxValue), size > LargestPart && size <= (ulong)Length ? "a part of the file is too large" : problem);
        }

        byte[] bytes = new byte[(int)size];
        return Read((long)offset, bytes) == bytes.Length
            ? bytes
            : throw new BadFormatException(ElfFile.Format, (long)offset, "the file was cut short while it was read");
    }

    /// <summary>
    /// Bytes from a place on, in a part of the file that is kept for the next time: code and tables are looked at here and there, and in no order.
    /// </summary>
    /// <param name="offset">Bytes from the start of the file.</param>
    /// <param name="most">How many bytes are wanted at most.</param>
    /// <returns>Fewer than wanted where the file ends, or if more than <see cref="LeastAhead"/> are wanted.</returns>
    internal virtual ReadOnlyMemory<byte> Peek(ulong offset, ulong most)
    {
        if (offset >= (ulong)Length)
        {
            return default;
        }

        ulong number = offset / WindowStep;
        int at = _windows.FindIndex(window => window.Number == number);
        (ulong Number, ReadOnlyMemory<byte> Bytes) found;
        if (at < 0)
        {
            byte[] bytes = new byte[(int)Math.Min(WindowStep + LeastAhead, (ulong)Length - (number * WindowStep))];
            found = (number, bytes.AsMemory(0, Read((long)(number * WindowStep), bytes)));
            _reads++;
            at = _windows.Count < MostWindows || _reads > MostReads * (((ulong)Length / WindowStep) + 1) ? -1 : _windows.Count - 1;
        }
        else
        {
            found = _windows[at];
        }

        // What was asked for last stays longest.
        if (at >= 0)
        {
            _windows.RemoveAt(at);
        }

        _windows.Insert(0, found);
        int start = (int)(offset - (number * WindowStep));
        return start >= found.Bytes.Length ? default : found.Bytes.Slice(start, (int)Math.Min(most, (ulong)(found.Bytes.Length - start)));
    }

    /// <summary>A file that is in memory already, of which nothing is copied.</summary>
    internal sealed class InMemory(ReadOnlyMemory<byte> file) : ImageSource
    {
        /// <inheritdoc/>
        public override long Length => file.Length;

        /// <inheritdoc/>
        internal override ReadOnlyMemory<byte> Take(ulong offset, ulong size, string problem) =>
            offset <= (ulong)file.Length && size <= (ulong)file.Length - offset
                ? file.Slice((int)offset, (int)size)
                : throw new BadFormatException(ElfFile.Format, (long)Math.Min(offset, long.MaxValue), problem);

        /// <inheritdoc/>
        internal override ReadOnlyMemory<byte> Peek(ulong offset, ulong most) =>
            offset >= (ulong)file.Length ? default : file.Slice((int)offset, (int)Math.Min(most, (ulong)file.Length - offset));

        /// <inheritdoc/>
        protected override int Read(long offset, Span<byte> buffer) => throw new NotSupportedException("Nothing is copied.");
    }
}
