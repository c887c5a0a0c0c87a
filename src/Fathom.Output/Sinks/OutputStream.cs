using System;
using System.IO;
using System.Text;

namespace Fathom.Output.Sinks;

/// <summary>A stream that text is written to, in UTF-8, and that may be closed at the other end at any time.</summary>
/// <param name="stream">The stream.</param>
public sealed class OutputStream(Stream stream)
{
    // EPIPE on Linux: https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/errno-base.h#L36
    private const int BrokenPipe = 32;

    // A lone surrogate becomes U+FFFD, never an exception and never invalid UTF-8.
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    /// <summary>Writes and leaves nothing in a buffer.</summary>
    /// <exception cref="OutputClosedException">The reader has closed it.</exception>
    /// <exception cref="IOException">It cannot be written to.</exception>
    public void Write(StringBuilder text) => Write(s_utf8.GetBytes(text.ToString()));

    /// <inheritdoc cref="Write(StringBuilder)"/>
    public void Write(ReadOnlySpan<byte> utf8)
    {
        try
        {
            stream.Write(utf8);
            stream.Flush();
        }
        catch (IOException e) when (e.HResult == BrokenPipe || (e.HResult & 0xffff) == BrokenPipe)
        {
            throw new OutputClosedException("the reader of the output has closed it", e);
        }
        catch (UnauthorizedAccessException e)
        {
            // EBADF: the descriptor is closed, or open only for reading.
            throw new IOException(e.InnerException?.Message ?? e.Message, e);
        }
    }
}
