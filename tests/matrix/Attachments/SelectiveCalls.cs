using System;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Runtime.Interop;

namespace Fathom.Attachments;

/// <summary>The running kernel without some of its files and commands, so that the second-best ways are taken where the best are there.</summary>
internal sealed unsafe class SelectiveCalls : ISystemCalls
{
    private static readonly ISystemCalls Real = LinuxSystemCalls.Instance;

    /// <summary>What paths of files that are not there begin with; null for none.</summary>
    public string? Hidden { get; init; }

    /// <summary>Says with which errno a command is refused, of the type of attaching that it names; 0 if it is not.</summary>
    public Func<BpfCommand, uint, int> Refuses { get; init; } = static (_, _) => 0;

    /// <summary>Told of descriptors that are about to be closed.</summary>
    public Action<int> Closing { get; init; } = static _ => { };

    /// <summary>The kernel without a perf PMU.</summary>
    public static Kernel WithoutPmu(string name) => new(new SelectiveCalls { Hidden = "/sys/bus/event_source/devices/" + name + "/" });

    /// <summary>The kernel without links of a type.</summary>
    public static Kernel WithoutLinks(params uint[] types) => new(new SelectiveCalls
    {
        Refuses = (command, type) => command == BpfCommand.LinkCreate && Array.IndexOf(types, type) >= 0 ? Errno.EINVAL : 0,
    });

    /// <summary>The kernel without programs at the entry and exit of functions.</summary>
    public static Kernel WithoutTrampolines(int error) => new(new SelectiveCalls
    {
        Refuses = (command, type) => command == BpfCommand.ProgramLoad && type is ProgramSection.TraceFentry or ProgramSection.TraceFexit ? error : 0,
    });

    public long Bpf(BpfCommand command, void* attributes, int size)
    {
        uint type = command switch
        {
            BpfCommand.LinkCreate => ((LinkCreateAttributes*)attributes)->AttachType,
            BpfCommand.ProgramLoad => ((ProgramLoadAttributes*)attributes)->ExpectedAttachType,
            _ => 0,
        };
        return Refuses(command, type) is var error and not 0 ? -error : Real.Bpf(command, attributes, size);
    }

    public long Open(string path, int flags) =>
        Hidden is not null && path.StartsWith(Hidden, StringComparison.Ordinal) ? -Errno.ENOENT : Real.Open(path, flags);

    public long Create(string path, int flags, int mode) => Real.Create(path, flags, mode);

    public long CreateMemoryFile(string name, uint flags) => Real.CreateMemoryFile(name, flags);

    public long StartHeld(HeldPlan* plan, int* descriptor) => Real.StartHeld(plan, descriptor);

    public long Poll(PollEntry* entries, nuint count, int milliseconds) => Real.Poll(entries, count, milliseconds);

    public long ReadClock(int clock, KernelTime* time) => Real.ReadClock(clock, time);

    public long OpenPipe(int* ends) => Real.OpenPipe(ends);

    public long GetGroups(string user, uint group, uint* groups, int* count) => Real.GetGroups(user, group, groups, count);

    public long OpenEvent() => Real.OpenEvent();

    public long ActOnSignal(int signal, SignalAction* wanted, SignalAction* before) => Real.ActOnSignal(signal, wanted, before);

    public long SignalProcess(int process, int signal) => Real.SignalProcess(process, signal);

    public long WaitProcess(int process, ChildStatus* status, int options) => Real.WaitProcess(process, status, options);

    public long OpenPerfEvent(PerfEventAttributes* attributes, int process, int cpu, int group, ulong flags) =>
        Real.OpenPerfEvent(attributes, process, cpu, group, flags);

    public long Control(int descriptor, uint request, long argument) => Real.Control(descriptor, request, argument);

    public long Read(int descriptor, byte* buffer, nuint length) => Real.Read(descriptor, buffer, length);

    public long ReadAt(int descriptor, byte* buffer, nuint length, long offset) => Real.ReadAt(descriptor, buffer, length, offset);

    public long Status(int descriptor, FileStatus* status) => Real.Status(descriptor, status);

    public long FileSystemOf(int descriptor) => Real.FileSystemOf(descriptor);

    public long Write(int descriptor, byte* buffer, nuint length) => Real.Write(descriptor, buffer, length);

    public long ReadLink(string path, byte* buffer, nuint length) => Real.ReadLink(path, buffer, length);

    public long Close(int descriptor)
    {
        Closing(descriptor);
        return Real.Close(descriptor);
    }

    public long Map(nuint length, int protection, int flags, int descriptor, long offset) => Real.Map(length, protection, flags, descriptor, offset);

    public long Unmap(nint address, nuint length) => Real.Unmap(address, length);

    public long MountDetached(string type) => Real.MountDetached(type);

    public long Socket(int domain, int type, int protocol) => Real.Socket(domain, type, protocol);

    public long OpenProcess(int process) => Real.OpenProcess(process);

    public long PollReadable(int descriptor, int milliseconds) => Real.PollReadable(descriptor, milliseconds);

    public long OpenPoll() => Real.OpenPoll();

    public long AddToPoll(int poll, int descriptor, uint events) => Real.AddToPoll(poll, descriptor, events);

    public long WaitForPoll(int poll, int milliseconds) => Real.WaitForPoll(poll, milliseconds);

    public long GetInterfaceIndex(string name) => Real.GetInterfaceIndex(name);

    public long GetCapabilities(CapabilityHeader* header, CapabilityData* data) => Real.GetCapabilities(header, data);

    public long SetCapabilities(CapabilityHeader* header, CapabilityData* data) => Real.SetCapabilities(header, data);

    public long LimitResource(int resource, ResourceLimit* wanted, ResourceLimit* before) => Real.LimitResource(resource, wanted, before);
}
