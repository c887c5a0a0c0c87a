using System;
using System.IO;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;

namespace Fathom.Runtime.Interop;

/// <summary>
/// Writes to a descriptor as write(2) does: at the position that all share who have it, and without keeping silent about a reader that is gone. Nothing
/// is held back. It takes no descriptor of its own.
/// </summary>
/// <param name="calls">The system calls.</param>
/// <param name="descriptor">The descriptor, which stays open.</param>
internal sealed unsafe class DescriptorStream(KernelCalls calls, int descriptor) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < buffer.Length;)
            {
                long result = calls.Raw.Write(descriptor, start + done, (nuint)(buffer.Length - done));
                if (result == -Errno.EAGAIN)
                {
                    // Somebody made it non-blocking for all who have it.
                    Span<PollEntry> entries = [new() { Descriptor = descriptor, Wanted = PollEntry.Out }];
                    calls.Poll(entries, -1);
                }
                else if (result < 0 && result != -Errno.EINTR)
                {
                    // The errno is where .NET's own streams have it.
                    throw new IOException(Marshal.GetPInvokeErrorMessage((int)-result), (int)-result);
                }
                else
                {
                    done += (int)Math.Max(0, result);
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
