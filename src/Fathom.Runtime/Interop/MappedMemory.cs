using System;
using System.Buffers;
using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>Memory from <c>mmap(2)</c>.</summary>
internal sealed class MappedMemory : SafeHandle
{
    private readonly ISystemCalls _calls;

    /// <summary>Takes over a mapping.</summary>
    public MappedMemory(ISystemCalls calls, nint address, nuint length, string purpose)
        : base(0, ownsHandle: true)
    {
        _calls = calls;
        Length = length;
        SetHandle(address);
        DescriptorLedger.Opened(this, purpose);
    }

    /// <summary>Bytes.</summary>
    public nuint Length { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The first byte. Keep this object alive and undisposed while it is used.</summary>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        DescriptorLedger.Closed(this);
        return _calls.Unmap(handle, Length) >= 0;
    }
}

/// <summary>Mapped memory as <see cref="Memory{T}"/>.</summary>
internal sealed unsafe class MappedMemoryManager(MappedMemory memory) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new((void*)memory.Address, (int)memory.Length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)memory.Address + elementIndex, default, this);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            memory.Dispose();
        }
    }
}
