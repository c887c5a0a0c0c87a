namespace Fathom.Runtime.Interop;

/// <summary>
/// Every system call of this assembly, one method each and nothing more: no retries, no interpretation. A result below zero is the
/// negative errno, as the kernel itself returns it. What the calls mean is in <see cref="KernelCalls"/>; tests script this interface.
/// </summary>
internal unsafe interface ISystemCalls
{
    /// <summary><c>bpf(2)</c>.</summary>
    long Bpf(BpfCommand command, void* attributes, int size);

    /// <summary><c>perf_event_open(2)</c>.</summary>
    long OpenPerfEvent(PerfEventAttributes* attributes, int process, int cpu, int group, ulong flags);

    /// <summary><c>ioctl(2)</c>.</summary>
    long Control(int descriptor, uint request, long argument);

    /// <summary><c>open(2)</c> of an existing file.</summary>
    long Open(string path, int flags);

    /// <summary><c>open(2)</c> of a file that is made if there is none.</summary>
    long Create(string path, int flags, int mode);

    /// <summary><c>memfd_create(2)</c>.</summary>
    long CreateMemoryFile(string name, uint flags);

    /// <summary><c>clone(2)</c> of a child that waits until it may become another program, with its pidfd: <see cref="HeldChild"/>.</summary>
    long StartHeld(HeldPlan* plan, int* descriptor);

    /// <summary><c>poll(2)</c>.</summary>
    long Poll(PollEntry* entries, nuint count, int milliseconds);

    /// <summary><c>clock_gettime(2)</c>.</summary>
    long ReadClock(int clock, KernelTime* time);

    /// <summary><c>pipe2(2)</c>: the end to read and the end to write, closed on exec.</summary>
    long OpenPipe(int* ends);

    /// <summary><c>getgrouplist(3)</c>: how many groups a user has; -1 if there is no room for all, with their number in <paramref name="count"/>.</summary>
    long GetGroups(string user, uint group, uint* groups, int* count);

    /// <summary><c>eventfd(2)</c>, closed on exec.</summary>
    long OpenEvent();

    /// <summary><c>rt_sigaction(2)</c>; each of the two may be null.</summary>
    long ActOnSignal(int signal, SignalAction* wanted, SignalAction* before);

    /// <summary><c>pidfd_send_signal(2)</c>.</summary>
    long SignalProcess(int process, int signal);

    /// <summary><c>waitid(2)</c> of a child by its pidfd.</summary>
    long WaitProcess(int process, ChildStatus* status, int options);

    /// <summary><c>readlink(2)</c>.</summary>
    long ReadLink(string path, byte* buffer, nuint length);

    /// <summary><c>read(2)</c>.</summary>
    long Read(int descriptor, byte* buffer, nuint length);

    /// <summary><c>pread(2)</c>.</summary>
    long ReadAt(int descriptor, byte* buffer, nuint length, long offset);

    /// <summary><c>statx(2)</c> of an open file.</summary>
    long Status(int descriptor, FileStatus* status);

    /// <summary><c>fstatfs(2)</c>: the number of the type of the file system that an open file lies in.</summary>
    long FileSystemOf(int descriptor);

    /// <summary><c>write(2)</c>.</summary>
    long Write(int descriptor, byte* buffer, nuint length);

    /// <summary><c>close(2)</c>.</summary>
    long Close(int descriptor);

    /// <summary><c>mmap(2)</c> at an address of the kernel's choice.</summary>
    long Map(nuint length, int protection, int flags, int descriptor, long offset);

    /// <summary><c>munmap(2)</c>.</summary>
    long Unmap(nint address, nuint length);

    /// <summary><c>fsopen(2)</c>, <c>fsconfig(2)</c> (create) and <c>fsmount(2)</c>: a file system that is mounted nowhere.</summary>
    long MountDetached(string type);

    /// <summary><c>socket(2)</c>.</summary>
    long Socket(int domain, int type, int protocol);

    /// <summary><c>pidfd_open(2)</c>.</summary>
    long OpenProcess(int process);

    /// <summary><c>poll(2)</c> of one descriptor until it can be read.</summary>
    long PollReadable(int descriptor, int milliseconds);

    /// <summary><c>epoll_create1(2)</c>.</summary>
    long OpenPoll();

    /// <summary><c>epoll_ctl(2)</c>: adds a descriptor.</summary>
    long AddToPoll(int poll, int descriptor, uint events);

    /// <summary><c>epoll_pwait(2)</c> for one event; 1 if there was one.</summary>
    long WaitForPoll(int poll, int milliseconds);

    /// <summary><c>if_nametoindex(3)</c>; the index, or the negative errno.</summary>
    long GetInterfaceIndex(string name);

    /// <summary><c>capget(2)</c> of the calling thread.</summary>
    long GetCapabilities(CapabilityHeader* header, CapabilityData* data);

    /// <summary><c>capset(2)</c> of the calling thread.</summary>
    long SetCapabilities(CapabilityHeader* header, CapabilityData* data);

    /// <summary><c>prlimit(2)</c> of this process; each of the two may be null.</summary>
    long LimitResource(int resource, ResourceLimit* wanted, ResourceLimit* before);
}
