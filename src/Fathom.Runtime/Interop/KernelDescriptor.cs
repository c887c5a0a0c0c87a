using System;
using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>A file descriptor that is closed exactly once.</summary>
internal sealed class KernelDescriptor : SafeHandle
{
    private readonly ISystemCalls _calls;

    /// <summary>Takes over a descriptor.</summary>
    /// <param name="calls">Where it is closed.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="purpose">What it stands for, for the message about a leak.</param>
    public KernelDescriptor(ISystemCalls calls, int descriptor, string purpose)
        : base(-1, ownsHandle: true)
    {
        _calls = calls;
        SetHandle(descriptor);
        DescriptorLedger.Opened(this, purpose);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The number. Keep this object alive and open while it is used.</summary>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public int Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (int)handle;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        DescriptorLedger.Closed(this);

        // EINTR of close(2) still has closed the descriptor on Linux: a second try could close somebody else's.
        return _calls.Close((int)handle) >= 0;
    }
}
