using System;

namespace Fathom.Format.Elf.Images;

/// <summary>
/// A file that an image is read from, part by part: only its headers and what is asked for come into memory, and what was read is a copy that
/// does not change when the file does.
/// </summary>
public abstract class ImageSource
{
    // Tables of symbols larger than this are not read; those of the largest browsers have half of it.
    private const int LargestPart = 1 << 30;
    private const int WindowSize = 64 << 10;

    private ReadOnlyMemory<byte> _window;
    private ulong _windowStart;

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

    /// <summary>A few bytes, fewer where the file ends. Those of functions that follow each other cost few reads.</summary>
    internal virtual ReadOnlyMemory<byte> Peek(ulong offset, int count)
    {
        if (offset >= (ulong)Length)
        {
            return default;
        }

        count = (int)Math.Min((ulong)count, (ulong)Length - offset);
        bool isInWindow = offset >= _windowStart && offset - _windowStart <= (ulong)_window.Length && count <= _window.Length - (int)(offset - _windowStart);
        if (!isInWindow)
        {
            byte[] bytes = new byte[(int)Math.Min((ulong)Math.Max(count, WindowSize), (ulong)Length - offset)];
            _window = bytes.AsMemory(0, Read((long)offset, bytes));
            _windowStart = offset;
        }

        ReadOnlyMemory<byte> rest = _window.Slice((int)(offset - _windowStart));
        return rest.Slice(0, Math.Min(count, rest.Length));
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
        internal override ReadOnlyMemory<byte> Peek(ulong offset, int count) =>
            offset >= (ulong)file.Length ? default : file.Slice((int)offset, Math.Min(count, file.Length - (int)offset));

        /// <inheritdoc/>
        protected override int Read(long offset, Span<byte> buffer) => throw new NotSupportedException("Nothing is copied.");
    }
}
