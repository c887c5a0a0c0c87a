using System;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fathom.Runtime.Interop;

/// <summary>
/// The system calls with their retries and their handles. A result below zero is the negative errno; who calls knows what was wanted and
/// throws. The only place that retries.
/// </summary>
internal sealed unsafe class KernelCalls(ISystemCalls calls)
{
    /// <summary>Tries of <c>BPF_PROG_LOAD</c> when a signal interrupts the verifier, which then gives EAGAIN.</summary>
    public const int LoadTries = 10;

    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;

    /// <summary>The calls without retries.</summary>
    public ISystemCalls Raw => calls;

    /// <summary><c>bpf(2)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Bpf<T>(BpfCommand command, ref T attributes)
        where T : unmanaged
    {
        fixed (T* pointer = &attributes)
        {
            long result = calls.Bpf(command, pointer, sizeof(T));
            return result is -Errno.EINTR or -Errno.EAGAIN ? Retry(command, pointer, sizeof(T), result) : (int)result;
        }
    }

    /// <summary><c>bpf(2)</c> of a command that gives a descriptor.</summary>
    /// <returns>The handle, or null with the negative errno in <paramref name="error"/>.</returns>
    public KernelDescriptor? BpfOpen<T>(BpfCommand command, ref T attributes, string purpose, out int error)
        where T : unmanaged
    {
        int result = Bpf(command, ref attributes);
        error = result < 0 ? -result : 0;
        return result < 0 ? null : new KernelDescriptor(calls, result, purpose);
    }

    /// <summary>Opens a file for reading.</summary>
    public KernelDescriptor? Open(string path, out int error, int flags = OpenReadOnly)
    {
        long result;
        do
        {
            result = calls.Open(path, flags | OpenCloseOnExec);
        }
        while (result == -Errno.EINTR);
        return Wrap(result, path, out error);
    }

    /// <summary>Opens a process (<c>pidfd_open</c>, Linux 5.3).</summary>
    public KernelDescriptor? OpenProcess(int process, out int error) => Wrap(calls.OpenProcess(process), "pidfd", out error);

    /// <summary>Opens a perf event.</summary>
    public KernelDescriptor? OpenPerfEvent(ref PerfEventAttributes attributes, int process, int cpu, out int error)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/perf_event.h
        const ulong CloseOnExec = 8;
        fixed (PerfEventAttributes* pointer = &attributes)
        {
            long result;
            do
            {
                result = calls.OpenPerfEvent(pointer, process, cpu, -1, CloseOnExec);
            }
            while (result == -Errno.EINTR);
            return Wrap(result, "perf event", out error);
        }
    }

    /// <summary><c>ioctl(2)</c>; 0 or the errno.</summary>
    public int Control(KernelDescriptor descriptor, uint request, long argument)
    {
        long result;
        do
        {
            result = calls.Control(descriptor.Value, request, argument);
        }
        while (result == -Errno.EINTR);
        GC.KeepAlive(descriptor);
        return result < 0 ? (int)-result : 0;
    }

    /// <summary>Maps memory; null with the errno if the kernel refuses.</summary>
    public MappedMemory? Map(nuint length, bool writable, bool shared, KernelDescriptor descriptor, long offset, string purpose, out int error)
    {
        const int Read = 1;
        const int Write = 2;
        const int Shared = 1;
        const int Private = 2;
        long result = calls.Map(length, writable ? Read | Write : Read, shared ? Shared : Private, descriptor.Value, offset);
        GC.KeepAlive(descriptor);

        // The last page of addresses is where the kernel's errors lie; every other value is an address.
        bool failed = result is < 0 and > -4096;
        error = failed ? (int)-result : 0;
        return failed ? null : new MappedMemory(calls, (nint)result, length, purpose);
    }

    /// <summary>Reads once; the count, or the negative errno.</summary>
    public int Read(KernelDescriptor descriptor, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            long result;
            do
            {
                result = calls.Read(descriptor.Value, pointer, (nuint)buffer.Length);
            }
            while (result == -Errno.EINTR);
            GC.KeepAlive(descriptor);
            return (int)result;
        }
    }

    /// <summary>Reads a whole small text file; null with the errno if that fails.</summary>
    public string? ReadText(string path, out int error)
    {
        using KernelDescriptor? file = Open(path, out error);
        if (file is null)
        {
            return null;
        }

        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int count = Read(file, buffer.AsSpan(length));
            if (count < 0)
            {
                error = -count;
                return null;
            }

            if (count == 0)
            {
                return Encoding.UTF8.GetString(buffer, 0, length);
            }

            length += count;
        }
    }

    private KernelDescriptor? Wrap(long result, string purpose, out int error)
    {
        error = result < 0 ? (int)-result : 0;
        return result < 0 ? null : new KernelDescriptor(calls, (int)result, purpose);
    }

    // The verifier gives EAGAIN when a signal is pending, and the .NET runtime sends signals to its own threads:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (do_check: `if (signal_pending(current)) return -EAGAIN`).
    // Of other commands EAGAIN has a meaning of its own (a batch that found its map being changed) and goes to the caller.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Retry(BpfCommand command, void* attributes, int size, long result)
    {
        int tries = 1;
        while (result == -Errno.EINTR || (result == -Errno.EAGAIN && command == BpfCommand.ProgramLoad && tries < LoadTries))
        {
            tries++;
            result = calls.Bpf(command, attributes, size);
        }

        return (int)result;
    }
}
