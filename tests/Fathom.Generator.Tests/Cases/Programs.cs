// Programs of each type, which the running kernel must accept.
using System;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

#pragma warning disable

unsafe struct OpenEvent
{
    public ulong Time;
    public uint Pid, Bytes;
    public fixed byte Name[64];
}

struct LoopState
{
    public ulong Sum;
}

[BpfObject]
static unsafe partial class Samples
{
    [Constant] public static readonly uint Target = 0;
    [Map(MaxEntries = 1024)] internal static readonly HashMap<uint, ulong> Runs = new();
    [Map(MaxEntries = 65536)] internal static readonly RingBuffer Events = new();
    [Map] internal static readonly TaskStorage<ulong> PerTask = new();
    internal static ulong Count;

    [TracepointBtf("sched_switch")]
    static void Switched(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        if (Target != 0 && (uint)previous->tgid != Target) { return; }
        if (previous->real_parent->mm == null) { return; }
        uint pid = (uint)previous->real_parent->tgid;
        ulong* runs = Runs.Lookup(pid);
        if (runs == null) { Runs.Update(pid, 1); } else { (*runs)++; }
        ulong* own = PerTask.Get(next, null, StorageFlags.Create);
        if (own != null) { *own += 1; }
    }

    [Tracepoint("syscalls", "sys_enter_openat")]
    static void Opened(SyscallEnterContext* context)
    {
        Span<byte> name = stackalloc byte[16];
        Helpers.ProbeReadUserString(name, (void*)context->Arguments[1]);
        if (!((ReadOnlySpan<byte>)name).StartsWith("/etc/"u8)) { return; }
        OpenEvent* e = Events.Reserve<OpenEvent>();
        if (e == null) { Interlocked.Increment(ref Count); return; }
        e->Time = Helpers.KtimeGetNs();
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        e->Pid = (uint)task->real_parent->tgid;
        e->Bytes = task->comm[0];
        Helpers.ProbeReadUserString(e->Name, 64, (void*)context->Arguments[1]);
        Events.Submit(e, RingBufferFlags.NoWakeup);
    }

    [Xdp]
    static XdpAction Filter(XdpContext* context)
    {
        byte* data = (byte*)context->Data;
        byte* end = (byte*)context->DataEnd;
        if (data + 14 > end) { return XdpAction.Drop; }
        return (data[12] << 8 | data[13]) switch { 0x0800 or 0x86dd => XdpAction.Pass, _ => XdpAction.Drop };
    }

    [Syscall]
    static int Sums()
    {
        var state = new LoopState();
        Helpers.Loop(100, &Body, &state);
        return (int)(state.Sum + Twice(21, in state));
    }

    static long Body(uint index, LoopState* state)
    {
        state->Sum += index;
        return 0;
    }

    [BpfSubprogram]
    static ulong Twice(ulong number, in LoopState state) => number * 2 + (state.Sum == 0 ? 1u : 0);

    [PerfEvent]
    static void Ticked(PerfEventContext* context)
    {
        if (context->Registers.Rip != 0) { Interlocked.Add(ref Count, 1); }
    }
}
