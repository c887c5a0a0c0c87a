using System.Runtime.InteropServices;

namespace Fathom.Runtime.Interop;

/// <summary>The system calls of the running kernel. The only place in the project with <see cref="LibraryImportAttribute"/>.</summary>
internal sealed unsafe partial class LinuxSystemCalls : ISystemCalls
{
    /// <summary>The one instance; it has no state.</summary>
    public static readonly LinuxSystemCalls Instance = new();

    // Numbers of the calls that the C library has no function for:
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl and, for arm64,
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/unistd.h
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private static long BpfNumber => IsArm ? 280 : 321;

    private static long PerfEventOpenNumber => IsArm ? 241 : 298;

    private static long CapGetNumber => IsArm ? 90 : 125;

    private static long CapSetNumber => IsArm ? 91 : 126;

    private static long PrlimitNumber => IsArm ? 261 : 302;

    private static long FstatfsNumber => IsArm ? 44 : 138;
    private static long EpollCreate1Number => IsArm ? 20 : 291;

    private static long EpollCtlNumber => IsArm ? 21 : 233;

    private static long EpollPwaitNumber => IsArm ? 22 : 281;

    // O_CLOEXEC, by whichever name.
    private const long CloseOnExec = 0x8_0000;

    private static long SigactionNumber => IsArm ? 134 : 13;

    private static long WaitidNumber => IsArm ? 95 : 247;

    private static long EventfdNumber => IsArm ? 19 : 290;

    private static long MemfdCreateNumber => IsArm ? 279 : 319;

    private static long StatxNumber => IsArm ? 291 : 332;

    // One number on every architecture, as all calls since Linux 5.1.
    private static long FsopenNumber => 430;

    private static long FsconfigNumber => 431;

    private static long FsmountNumber => 432;

    private static long PidfdOpenNumber => 434;

    private static long PidfdSendSignalNumber => 424;

    /// <inheritdoc/>
    public long Bpf(BpfCommand command, void* attributes, int size) => Result(SystemCall(BpfNumber, (long)command, (long)attributes, size, 0, 0));

    /// <inheritdoc/>
    public long OpenPerfEvent(PerfEventAttributes* attributes, int process, int cpu, int group, ulong flags) =>
        Result(SystemCall(PerfEventOpenNumber, (long)attributes, process, cpu, group, (long)flags));

    /// <inheritdoc/>
    public long Control(int descriptor, uint request, long argument) => Result(LibcIoctl(descriptor, request, argument));

    /// <inheritdoc/>
    public long PollReadable(int descriptor, int milliseconds)
    {
        // struct pollfd: the descriptor, what is waited for (POLLIN), what has come.
        const ulong In = 1UL << 32;
        ulong wanted = (uint)descriptor | In;
        return Result(LibcPoll(&wanted, 1, milliseconds));
    }

    /// <inheritdoc/>
    public long Open(string path, int flags) => Result(LibcOpen(path, flags));

    /// <inheritdoc/>
    public long Create(string path, int flags, int mode) => Result(LibcCreate(path, flags, mode));

    /// <inheritdoc/>
    public long CreateMemoryFile(string name, uint flags)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* pointer = bytes)
        {
            return Result(SystemCall(MemfdCreateNumber, (long)pointer, flags, 0, 0, 0));
        }
    }

    /// <inheritdoc/>
    public long StartHeld(HeldPlan* plan, int* descriptor) => HeldChild.Start(ref *plan, out *descriptor);

    /// <inheritdoc/>
    public long Poll(PollEntry* entries, nuint count, int milliseconds) => Result(LibcPoll(entries, count, milliseconds));

    /// <inheritdoc/>
    public long ReadClock(int clock, KernelTime* time) => Result(LibcClock(clock, time));

    /// <inheritdoc/>
    public long OpenPipe(int* ends)
    {
        const int CloseOnExec = 0x80000;
        return Result(LibcPipe(ends, CloseOnExec));
    }

    /// <inheritdoc/>
    public long GetGroups(string user, uint group, uint* groups, int* count) => LibcGroups(user, group, groups, count);

    /// <inheritdoc/>
    public long OpenEvent()
    {
        const int CloseOnExec = 0x80000;
        return Result(SystemCall(EventfdNumber, 0, CloseOnExec, 0, 0, 0));
    }

    /// <inheritdoc/>
    public long ActOnSignal(int signal, SignalAction* wanted, SignalAction* before) =>
        Result(SystemCall(SigactionNumber, signal, (long)wanted, (long)before, sizeof(ulong), 0));

    /// <inheritdoc/>
    public long SignalProcess(int process, int signal) => Result(SystemCall(PidfdSendSignalNumber, process, signal, 0, 0, 0));

    /// <inheritdoc/>
    public long WaitProcess(int process, ChildStatus* status, int options)
    {
        const int ByDescriptor = 3;
        return Result(SystemCall(WaitidNumber, ByDescriptor, process, (long)status, options, 0));
    }

    /// <inheritdoc/>
    public long ReadLink(string path, byte* buffer, nuint length) => Result(LibcReadLink(path, buffer, length));

    /// <inheritdoc/>
    public long Read(int descriptor, byte* buffer, nuint length) => Result(LibcRead(descriptor, buffer, length));

    /// <inheritdoc/>
    public long ReadAt(int descriptor, byte* buffer, nuint length, long offset) => Result(LibcReadAt(descriptor, buffer, length, (nint)offset));

    /// <inheritdoc/>
    public long Status(int descriptor, FileStatus* status)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/stat.h, fcntl.h (AT_EMPTY_PATH, STATX_BASIC_STATS)
        const int EmptyPath = 0x1000;
        const int Basic = 0x7ff;
        byte empty = 0;
        return Result(SystemCall(StatxNumber, descriptor, (long)&empty, EmptyPath, Basic, (long)status));
    }

    /// <inheritdoc/>
    public long FileSystemOf(int descriptor)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/statfs.h (struct statfs: 120 bytes, the type first)
        long* status = stackalloc long[15];
        long result = Result(SystemCall(FstatfsNumber, descriptor, (long)status, 0, 0, 0));
        return result < 0 ? result : status[0];
    }

    /// <inheritdoc/>
    public long Write(int descriptor, byte* buffer, nuint length) => Result(LibcWrite(descriptor, buffer, length));

    /// <inheritdoc/>
    public long Close(int descriptor) => Result(LibcClose(descriptor));

    /// <inheritdoc/>
    public long Map(nuint length, int protection, int flags, int descriptor, long offset) =>
        Result(LibcMmap(0, length, protection, flags, descriptor, offset));

    /// <inheritdoc/>
    public long Unmap(nint address, nuint length) => Result(LibcMunmap(address, length));

    /// <inheritdoc/>
    public long MountDetached(string type)
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/mount.h (FSOPEN_CLOEXEC, FSCONFIG_CMD_CREATE, FSMOUNT_CLOEXEC)
        const long CloseOnExec = 1;
        const long Create = 6;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(type + "\0");
        fixed (byte* pointer = name)
        {
            long context = Result(SystemCall(FsopenNumber, (long)pointer, CloseOnExec, 0, 0, 0));
            if (context < 0)
            {
                return context;
            }

            long result = Result(SystemCall(FsconfigNumber, context, Create, 0, 0, 0));
            if (result >= 0)
            {
                result = Result(SystemCall(FsmountNumber, context, CloseOnExec, 0, 0, 0));
            }

            LibcClose((int)context);
            return result;
        }
    }

    /// <inheritdoc/>
    public long Socket(int domain, int type, int protocol) => Result(LibcSocket(domain, type, protocol));

    /// <inheritdoc/>
    public long OpenProcess(int process) => Result(SystemCall(PidfdOpenNumber, process, 0, 0, 0, 0));

    /// <inheritdoc/>
    public long OpenPoll() => Result(SystemCall(EpollCreate1Number, CloseOnExec, 0, 0, 0, 0));

    /// <inheritdoc/>
    public long AddToPoll(int poll, int descriptor, uint events)
    {
        // struct epoll_event, whose data nobody reads: it is packed on x86-64 only.
        ulong* added = stackalloc ulong[2] { events, 0 };
        return Result(SystemCall(EpollCtlNumber, poll, 1, descriptor, (long)added, 0));
    }

    /// <inheritdoc/>
    public long WaitForPoll(int poll, int milliseconds)
    {
        ulong* found = stackalloc ulong[2];
        return Result(SystemCall(EpollPwaitNumber, poll, (long)found, 1, milliseconds, 0));
    }

    /// <inheritdoc/>
    public long GetInterfaceIndex(string name)
    {
        uint index = LibcInterfaceIndex(name);
        return index != 0 ? index : -Marshal.GetLastPInvokeError();
    }

    /// <inheritdoc/>
    public long GetCapabilities(CapabilityHeader* header, CapabilityData* data) =>
        Result(SystemCall(CapGetNumber, (long)header, (long)data, 0, 0, 0));

    /// <inheritdoc/>
    public long SetCapabilities(CapabilityHeader* header, CapabilityData* data) =>
        Result(SystemCall(CapSetNumber, (long)header, (long)data, 0, 0, 0));

    /// <inheritdoc/>
    public long LimitResource(int resource, ResourceLimit* wanted, ResourceLimit* before) =>
        Result(SystemCall(PrlimitNumber, 0, resource, (long)wanted, (long)before, 0));

    private static long Result(long value) => value == -1 ? -Marshal.GetLastPInvokeError() : value;

    // syscall(2) is variadic in C, but no argument is a floating-point number, so that the plain calling convention is the same.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long a, long b, long c, long d, long e);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int LibcIoctl(int descriptor, nuint request, long argument);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LibcOpen(string path, int flags);

    // Variadic in C too, with the mode as the third argument.
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LibcCreate(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int LibcPipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "getgrouplist", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LibcGroups(string user, uint group, uint* groups, int* count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int LibcPoll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int LibcClock(int clock, KernelTime* time);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LibcReadLink(string path, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint LibcRead(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint LibcReadAt(int descriptor, byte* buffer, nuint length, nint offset);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint LibcWrite(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int LibcSocket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int LibcPoll(ulong* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int LibcClose(int descriptor);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint LibcMmap(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int LibcMunmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint LibcInterfaceIndex(string name);
}
