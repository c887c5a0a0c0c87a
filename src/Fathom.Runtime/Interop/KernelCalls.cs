using System;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using Fathom.Format.Linux;

namespace Fathom.Runtime.Interop;

/// <summary>
/// The system calls with their retries and their handles. A result below zero is the negative errno; who calls knows what was wanted and
/// throws. The only place that retries, and that knows the errnos of limits: those throw here (<see cref="ResourceLimitException"/>), because nobody
/// who asks may take them for an answer.
/// </summary>
/// <param name="calls">The system calls.</param>
/// <param name="isMemoryBounded">Whether EPERM to who creates a map or a program may mean that its user has locked too much memory.</param>
internal sealed unsafe class KernelCalls(ISystemCalls calls, Func<bool> isMemoryBounded)
{
    /// <summary>Tries to create what finds no memory left to lock.</summary>
    public const int MemoryTries = 25;

    // Milliseconds between them.
    private const int MemoryPace = 20;

    /// <summary>Tries of <c>BPF_PROG_LOAD</c> when a signal interrupts the verifier, which then gives EAGAIN.</summary>
    public const int LoadTries = 10;

    /// <summary><c>O_WRONLY | O_APPEND</c>.</summary>
    public const int OpenAppend = 0x401;

    /// <summary>The type of sysfs (<c>SYSFS_MAGIC</c>).</summary>
    public const long Sysfs = 0x6265_6572;

    /// <summary><c>O_PATH</c>: the file is found, and nothing happens to it.</summary>
    public const int OpenPathOnly = 0x200000;

    // O_RDONLY | O_NONBLOCK | O_NOCTTY
    private const int OpenForReading = 0x900;
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;

    // Of the files whose size nobody knows; the kernel's largest are some 20 MB.
    private const int LargestFile = 1 << 29;

    // The limit is the process's: two threads that save and lift it at a time would keep each other's.
    private static readonly Lock LockedMemory = new();

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
            return result is -Errno.EINTR or -Errno.EAGAIN or -Errno.EPERM ? Retry(command, pointer, sizeof(T), result) : (int)result;
        }
    }

    /// <summary><c>bpf(2)</c> of a command that gives a descriptor.</summary>
    /// <returns>The handle, or null with the negative errno in <paramref name="error"/>.</returns>
    public KernelDescriptor? BpfOpen<T>(BpfCommand command, ref T attributes, string purpose, out int error)
        where T : unmanaged
    {
        return Wrap(Bpf(command, ref attributes), purpose, out error);
    }

    /// <summary>Bytes of memory that this process may lock; <see cref="ResourceLimit.Infinity"/> without a limit.</summary>
    public ulong GetLockedMemoryLimit() => GetLimit(ResourceLimit.LockedMemory).Soft;

    /// <summary>A limit of this process; infinite if the kernel does not say.</summary>
    public ResourceLimit GetLimit(int resource)
    {
        ResourceLimit limit;
        return calls.LimitResource(resource, null, &limit) < 0
            ? new ResourceLimit { Soft = ResourceLimit.Infinity, Hard = ResourceLimit.Infinity }
            : limit;
    }

    /// <summary>The time since boot without what the machine was suspended for, and that: in ns, which of the latter are rather a few too few.</summary>
    public (long MonotonicNs, long SuspendedNs) ReadClocks()
    {
        KernelTime whole, running;
        _ = calls.ReadClock(KernelTime.SinceBoot, &whole);
        _ = calls.ReadClock(KernelTime.Monotonic, &running);
        return (running.TotalNs, whole.TotalNs - running.TotalNs);
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

    /// <summary>
    /// Opens a file of somebody else's for reading, if it is a regular one. What it is, is asked before it is opened: to open a pipe waits for its
    /// other end, and to open a device may do something.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="status">What it is, also where it is not regular.</param>
    /// <param name="error">The errno; 0 if it is open, or not regular.</param>
    /// <returns>The open file; null if it cannot be opened or is not regular.</returns>
    public KernelDescriptor? OpenRegular(string path, out FileStatus status, out int error)
    {
        status = default;
        using KernelDescriptor? found = Open(path, out error, OpenPathOnly);
        if (found is null)
        {
            return null;
        }

        FileStatus asked;
        long result = calls.Status(found.Value, &asked);
        GC.KeepAlive(found);
        error = result < 0 ? (int)-result : 0;
        status = asked;
        if (result < 0 || !status.IsRegular)
        {
            return null;
        }

        // The same file, whatever the path has come to mean since.
        KernelDescriptor? file = Open($"/proc/self/fd/{found.Value}", out error, OpenForReading);
        if (file is null && error == Errno.ENOENT)
        {
            // There is no procfs.
            file = Open(path, out error, OpenForReading);
        }

        return file;
    }

    /// <summary>Whether an open file is one of the kernel's own in sysfs, which nobody can cut short.</summary>
    public bool IsInSysfs(KernelDescriptor descriptor)
    {
        bool result = calls.FileSystemOf(descriptor.Value) == Sysfs;
        GC.KeepAlive(descriptor);
        return result;
    }

    /// <summary>Reads at a place until the buffer is full or the file ends; the count, or the negative errno.</summary>
    public int ReadAt(KernelDescriptor descriptor, Span<byte> buffer, long offset)
    {
        int done = 0;
        fixed (byte* pointer = buffer)
        {
            while (done < buffer.Length)
            {
                long result = calls.ReadAt(descriptor.Value, pointer + done, (nuint)(buffer.Length - done), offset + done);
                if (result == -Errno.EINTR)
                {
                    continue;
                }

                if (result <= 0)
                {
                    GC.KeepAlive(descriptor);
                    return result < 0 ? (int)result : done;
                }

                done += (int)result;
            }
        }

        GC.KeepAlive(descriptor);
        return done;
    }

    /// <summary>Reads a whole regular file of somebody else's, if it is not too large; otherwise null.</summary>
    /// <param name="path">The path.</param>
    /// <param name="most">Bytes of the largest that is read.</param>
    public byte[]? ReadRegular(string path, int most)
    {
        using KernelDescriptor? file = OpenRegular(path, out FileStatus status, out _);
        if (file is null || status.Size > (ulong)most)
        {
            return null;
        }

        byte[] bytes = new byte[(int)status.Size];
        int count = ReadAt(file, bytes, 0);
        return count < 0 ? null : count == bytes.Length ? bytes : bytes[..count];
    }

    /// <summary>Opens a file for writing, and makes it if there is none; it keeps what it has. Never waits, as for the reader of a FIFO.</summary>
    public KernelDescriptor? Create(string path, out int error)
    {
        // O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK
        const int Flags = 1 | 0x40 | 0x100 | 0x800;
        const int ForAll = 0b110_110_110;
        long result;
        do
        {
            result = calls.Create(path, Flags | OpenCloseOnExec, ForAll);
        }
        while (result == -Errno.EINTR);
        return Wrap(result, path, out error);
    }

    /// <summary>Makes a program that lies in memory alone, to be executed by its link in <c>/proc/self/fd</c>.</summary>
    /// <param name="name">What <c>/proc/PID/maps</c> calls it.</param>
    /// <param name="bytes">The program's file.</param>
    /// <param name="error">The errno.</param>
    public KernelDescriptor? CreateProgram(string name, ReadOnlySpan<byte> bytes, out int error)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/memfd.h (MFD_CLOEXEC; MFD_EXEC, which Linux 6.3 and later may want)
        const uint CloseOnExec = 1, Executable = 0x10;
        long result = calls.CreateMemoryFile(name, CloseOnExec | Executable);
        using KernelDescriptor? file = Wrap(result == -Errno.EINVAL ? calls.CreateMemoryFile(name, CloseOnExec) : result, name, out error);
        if (file is null || (error = Write(file, bytes)) != 0)
        {
            return null;
        }

        // A file that somebody may write to is not executed (ETXTBSY).
        return Open($"/proc/self/fd/{file.Value}", out error);
    }

    /// <summary>What an open file is; null if there is no such descriptor.</summary>
    public FileStatus? StatusOf(int descriptor)
    {
        FileStatus status;
        return calls.Status(descriptor, &status) < 0 ? null : status;
    }

    /// <summary>Waits for something to happen on one of some descriptors.</summary>
    /// <param name="entries">The descriptors, with what is waited for; says what has happened.</param>
    /// <param name="milliseconds">How long at most; negative for ever.</param>
    public void Poll(Span<PollEntry> entries, int milliseconds)
    {
        fixed (PollEntry* pointer = entries)
        {
            while (calls.Poll(pointer, (nuint)entries.Length, milliseconds) == -Errno.EINTR)
            {
            }
        }
    }

    /// <summary>A pipe: the end to read and the end to write.</summary>
    public (KernelDescriptor Reader, KernelDescriptor Writer) OpenPipe()
    {
        int* ends = stackalloc int[2];
        long result = calls.OpenPipe(ends);
        if (result < 0)
        {
            Wrap(result, "pipe", out int error);
            throw new BpfException("open pipe", "", error, "the kernel gave no further reason.");
        }

        return (new KernelDescriptor(calls, ends[0], "pipe"), new KernelDescriptor(calls, ends[1], "pipe"));
    }

    /// <summary>The groups of a user, as the machine's lists of users say.</summary>
    public uint[] GroupsOf(string user, uint group)
    {
        for (int room = 64; ; room *= 2)
        {
            uint[] groups = new uint[room];
            int count = room;
            fixed (uint* pointer = groups)
            {
                if (calls.GetGroups(user, group, pointer, &count) >= 0)
                {
                    return groups[..count];
                }
            }
        }
    }

    /// <summary>A descriptor that can be written to in order to end a wait for it.</summary>
    public KernelDescriptor OpenEvent() => Wrap(calls.OpenEvent(), "event", out int error) ?? throw new BpfException("open event", "", error, "the kernel gave no further reason.");

    /// <summary>Where a symbolic link leads; null for what is none, or may not be read.</summary>
    public string? ReadLink(string path)
    {
        const int LongestPath = 4096;
        byte* buffer = stackalloc byte[LongestPath];
        long length = calls.ReadLink(path, buffer, LongestPath);
        return length > 0 ? Encoding.UTF8.GetString(buffer, (int)length) : null;
    }

    /// <summary>Opens a process (<c>pidfd_open</c>, Linux 5.3).</summary>
    public KernelDescriptor? OpenProcess(int process, out int error) => Wrap(calls.OpenProcess(process), "pidfd", out error);

    /// <summary>Waits until a descriptor can be read, or for so long. A signal may end the wait earlier.</summary>
    /// <returns>Whether it can be read.</returns>
    public bool WaitUntilReadable(KernelDescriptor descriptor, int milliseconds)
    {
        long ready = calls.PollReadable(descriptor.Value, milliseconds);
        GC.KeepAlive(descriptor);
        return ready > 0;
    }

    /// <summary>Opens what waits for several descriptors at a time.</summary>
    public KernelDescriptor? OpenPoll(out int error) => Wrap(calls.OpenPoll(), "epoll", out error);

    /// <summary>Adds a descriptor that is waited for; 0 or the errno.</summary>
    public int AddToPoll(KernelDescriptor poll, KernelDescriptor descriptor, uint events)
    {
        long result = calls.AddToPoll(poll.Value, descriptor.Value, events);
        GC.KeepAlive(poll);
        GC.KeepAlive(descriptor);
        return result < 0 ? (int)-result : 0;
    }

    /// <summary>Waits until a descriptor is ready, the time is over, or a signal comes.</summary>
    public void WaitForPoll(KernelDescriptor poll, int milliseconds)
    {
        calls.WaitForPoll(poll.Value, milliseconds);
        GC.KeepAlive(poll);
    }

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

    /// <summary>Whether a descriptor is a terminal.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="columns">How wide it is; null where it does not say.</param>
    public bool IsTerminal(int descriptor, out int? columns)
    {
        // TIOCGWINSZ and struct winsize: https://man7.org/linux/man-pages/man2/TIOCSWINSZ.2const.html
        const uint GetWindowSize = 0x5413;
        WindowSize size = default;
        bool isTerminal = calls.Control(descriptor, GetWindowSize, (nint)(&size)) >= 0;
        columns = isTerminal && size.Columns > 0 ? size.Columns : null;
        return isTerminal;
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

    /// <summary>Writes once; 0 or the errno.</summary>
    public int Write(KernelDescriptor descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            long result;
            do
            {
                result = calls.Write(descriptor.Value, pointer, (nuint)bytes.Length);
            }
            while (result == -Errno.EINTR);
            GC.KeepAlive(descriptor);
            return result < 0 ? (int)-result : 0;
        }
    }

    /// <summary>Adds a line to a file of the kernel's, in which a line is a command; 0 or the errno.</summary>
    public int Append(string path, string line)
    {
        using KernelDescriptor? file = Open(path, out int error, OpenAppend);
        return file is null ? error : Write(file, Encoding.UTF8.GetBytes(line + "\n"));
    }

    /// <summary>A file system that is mounted nowhere and ends with its descriptor (Linux 5.2); null with the errno.</summary>
    public KernelDescriptor? MountDetached(string type, out int error) => Wrap(calls.MountDetached(type), type, out error);

    /// <summary>A socket.</summary>
    public KernelDescriptor? OpenSocket(int domain, int type, int protocol, out int error) =>
        Wrap(calls.Socket(domain, type, protocol), "socket", out error);

    /// <summary>Reads a whole small text file; null with the errno if that fails.</summary>
    public string? ReadText(string path, out int error) =>
        ReadBytes(path, 4096, out int length, out error) is { } bytes ? Encoding.UTF8.GetString(bytes, 0, length) : null;

    /// <summary>Reads a whole small file; null with the errno if that fails.</summary>
    public byte[]? ReadBytes(string path, out int error) => ReadBytes(path, 4096, out int length, out error) is { } bytes ? bytes[..length] : null;

    /// <summary>Reads a whole file, of the kind whose size nobody knows before; null with the errno if that fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">Bytes that are made room for at first.</param>
    /// <param name="length">Bytes that were read, from the start of the result.</param>
    /// <param name="error">The errno.</param>
    public byte[]? ReadBytes(string path, int expected, out int length, out int error)
    {
        length = 0;
        using KernelDescriptor? file = Open(path, out error);
        if (file is null)
        {
            return null;
        }

        byte[] buffer = GC.AllocateUninitializedArray<byte>(expected);
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length >= LargestFile)
                {
                    error = Errno.EFBIG;
                    return null;
                }

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
                return buffer;
            }

            length += count;
        }
    }

    private KernelDescriptor? Wrap(long result, string purpose, out int error)
    {
        error = result < 0 ? (int)-result : 0;
        return result >= 0 ? new KernelDescriptor(calls, (int)result, purpose)
            : ResourceLimitException.IsLimit(error) ? throw new ResourceLimitException("open", purpose, error, GetLimit(ResourceLimit.OpenFiles).Soft)
            : null;
    }

    // The verifier gives EAGAIN when a signal is pending, and the .NET runtime sends signals to its own threads:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (do_check: `if (signal_pending(current)) return -EAGAIN`).
    // Of other commands EAGAIN has a meaning of its own (a batch that found its map being changed) and goes to the caller.
    private long RepeatInterrupted(BpfCommand command, void* attributes, int size, long result)
    {
        int tries = 1;
        while (result == -Errno.EINTR || (result == -Errno.EAGAIN && command == BpfCommand.ProgramLoad && tries < LoadTries))
        {
            tries++;
            result = calls.Bpf(command, attributes, size);
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Retry(BpfCommand command, void* attributes, int size, long result)
    {
        bool creates = command is BpfCommand.MapCreate or BpfCommand.ProgramLoad;
        for (int tries = 1; ; tries++)
        {
            result = RepeatInterrupted(command, attributes, size, result);
            result = result == -Errno.EPERM && creates ? RetryWithoutMemoryLimit(command, attributes, size) : result;
            if (result != -Errno.EPERM || !creates || tries == MemoryTries || (tries == 1 && !isMemoryBounded()))
            {
                return (int)result;
            }

            // What the user has closed counts until the kernel has freed it, which it does in the background and after a grace period:
            // https://github.com/torvalds/linux/blob/v5.10/kernel/bpf/syscall.c (bpf_map_free_deferred, __bpf_prog_put_rcu)
            calls.Poll(null, 0, MemoryPace);
            result = calls.Bpf(command, attributes, size);
        }
    }

    // Before Linux 5.11, maps and programs count as locked memory of their user, against a limit that is 64 KB by default, and too much is
    // EPERM: https://github.com/torvalds/linux/blob/v5.10/kernel/bpf/syscall.c (bpf_charge_memlock). Only their creation asks for the limit,
    // which is put back at once: a command that is started later must not inherit another one.
    private int RetryWithoutMemoryLimit(BpfCommand command, void* attributes, int size)
    {
        lock (LockedMemory)
        {
            ResourceLimit before;
            if (calls.LimitResource(ResourceLimit.LockedMemory, null, &before) < 0 || before.Soft == ResourceLimit.Infinity)
            {
                return -Errno.EPERM;
            }

            var lifted = new ResourceLimit { Soft = ResourceLimit.Infinity, Hard = ResourceLimit.Infinity };
            if (calls.LimitResource(ResourceLimit.LockedMemory, &lifted, null) < 0)
            {
                lifted = before with { Soft = before.Hard };
                if (before.Soft == before.Hard || calls.LimitResource(ResourceLimit.LockedMemory, &lifted, null) < 0)
                {
                    return -Errno.EPERM;
                }
            }

            long result = RepeatInterrupted(command, attributes, size, calls.Bpf(command, attributes, size));
            calls.LimitResource(ResourceLimit.LockedMemory, &before, null);
            return (int)result;
        }
    }

    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
