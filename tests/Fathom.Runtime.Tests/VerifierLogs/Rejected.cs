// Programs that C# and the compiler take and the verifier refuses, one for each kind of mistake. The logs beside are what kernels said of them.
using System;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

#pragma warning disable

unsafe struct Entry
{
    public fixed byte Bytes[64];
}

struct Record
{
    public ulong Time, Number;
}

struct Sums
{
    public ulong Total;
}

[BpfObject]
static unsafe partial class Rejected
{
    [Map(MaxEntries = 16)] internal static readonly HashMap<uint, Entry> Entries = new();
    [Map(MaxEntries = 16)] internal static readonly HashMap<uint, ulong> Counts = new();
    [Map(MaxEntries = 4096)] internal static readonly RingBuffer Events = new();

    [TrafficControl]
    static TrafficControlAction IndexOfValue(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        if (entry == null) { return TrafficControlAction.Ok; }
        uint index = context->Length & 0xffff;
        return (TrafficControlAction)entry->Bytes[index];
    }

    [TrafficControl]
    static TrafficControlAction NegativeIndex(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        if (entry == null) { return TrafficControlAction.Ok; }
        int index = (int)context->Mark;
        if (index >= 64) { return TrafficControlAction.Ok; }
        return (TrafficControlAction)entry->Bytes[index];
    }

    [TrafficControl]
    static TrafficControlAction BehindValue(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        if (entry == null) { return TrafficControlAction.Ok; }
        return (TrafficControlAction)(*(ulong*)(entry->Bytes + 60));
    }

    [TrafficControl]
    static TrafficControlAction InlinedIndex(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        return entry == null ? TrafficControlAction.Ok : (TrafficControlAction)Pick(entry, context->Mark);
    }

    static int Pick(Entry* entry, uint mark) => 2 * ByteOf(entry, mark >> 8);

    static byte ByteOf(Entry* entry, uint index) => entry->Bytes[index];

    [TrafficControl]
    static TrafficControlAction IndexInSubprogram(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        return entry == null ? TrafficControlAction.Ok : (TrafficControlAction)Called(entry, context->Mark);
    }

    [BpfSubprogram]
    static int Called(Entry* entry, uint index) => entry->Bytes[index];

    [TrafficControl]
    static TrafficControlAction LookupNotTested(SocketBuffer* context)
    {
        ulong* count = Counts.Lookup(context->Mark);
        *count += 1;
        return TrafficControlAction.Ok;
    }

    [TrafficControl]
    static TrafficControlAction RecordNotTested(SocketBuffer* context)
    {
        Record* record = Events.Reserve<Record>();
        record->Time = Helpers.KtimeGetNs();
        Events.Submit(record);
        return TrafficControlAction.Ok;
    }

    [TrafficControl]
    static TrafficControlAction RecordNotSubmitted(SocketBuffer* context)
    {
        Record* record = Events.Reserve<Record>();
        if (record == null) { return TrafficControlAction.Ok; }
        record->Time = context->Mark;
        if (record->Time == 7) { return TrafficControlAction.Drop; }
        Events.Submit(record);
        return TrafficControlAction.Ok;
    }

    [TrafficControl]
    static TrafficControlAction RecordAfterSubmit(SocketBuffer* context)
    {
        Record* record = Events.Reserve<Record>();
        if (record == null) { return TrafficControlAction.Ok; }
        Events.Submit(record);
        record->Time = 1;
        return TrafficControlAction.Ok;
    }

    [TrafficControl]
    static TrafficControlAction RecordSubmittedTwice(SocketBuffer* context)
    {
        Record* record = Events.Reserve<Record>();
        if (record == null) { return TrafficControlAction.Ok; }
        Events.Submit(record);
        Events.Submit(record);
        return TrafficControlAction.Ok;
    }

    [Xdp]
    static XdpAction PacketNotTested(XdpContext* context)
    {
        byte* data = (byte*)context->Data;
        return data[12] == 8 ? XdpAction.Pass : XdpAction.Drop;
    }

    [Xdp]
    static XdpAction PacketTooShort(XdpContext* context)
    {
        byte* data = (byte*)context->Data;
        if (data + 14 > (byte*)context->DataEnd) { return XdpAction.Drop; }
        return data[23] == 6 ? XdpAction.Pass : XdpAction.Drop;
    }

    [Xdp]
    static XdpAction PacketIndex(XdpContext* context)
    {
        byte* data = (byte*)context->Data;
        if (data + 64 > (byte*)context->DataEnd) { return XdpAction.Drop; }
        int length = (data[14] & 15) * 4;
        return data[length + 14] == 6 ? XdpAction.Pass : XdpAction.Drop;
    }

    [TrafficControl]
    static TrafficControlAction IndexOfStack(SocketBuffer* context)
    {
        byte* bytes = stackalloc byte[16];
        uint index = context->Mark;
        return (TrafficControlAction)bytes[index];
    }

    [TrafficControl]
    static TrafficControlAction BehindStack(SocketBuffer* context)
    {
        byte* bytes = stackalloc byte[16];
        bytes[16] = (byte)context->Mark;
        return (TrafficControlAction)bytes[0];
    }

    [TrafficControl]
    static TrafficControlAction MisalignedStack(SocketBuffer* context)
    {
        byte* bytes = stackalloc byte[16];
        *(ulong*)(bytes + 1) = Helpers.KtimeGetNs();
        Events.Output(bytes, 16);
        return TrafficControlAction.Ok;
    }

    [Tracepoint("syscalls", "sys_enter_write")]
    static void SizeNotLimited(SyscallEnterContext* context)
    {
        byte* bytes = stackalloc byte[64];
        uint size = (uint)context->Arguments[2];
        Helpers.ProbeReadUser(bytes, size, (void*)context->Arguments[1]);
        Events.Output(bytes, 64);
    }

    [Tracepoint("syscalls", "sys_enter_write")]
    static void SizeTooLarge(SyscallEnterContext* context)
    {
        byte* bytes = stackalloc byte[64];
        uint size = (uint)context->Arguments[2] & 127;
        Helpers.ProbeReadUser(bytes, size, (void*)context->Arguments[1]);
        Events.Output(bytes, 64);
    }

    [Tracepoint("syscalls", "sys_enter_write")]
    static void NumberAsRecord(SyscallEnterContext* context) => Events.Submit((void*)context->Number);

    [Xdp]
    static XdpAction ContextTooFar(XdpContext* context) => (XdpAction)(*(uint*)((byte*)context + 40));

    [TrafficControl]
    static TrafficControlAction StackOfCalls(SocketBuffer* context)
    {
        Span<byte> bytes = stackalloc byte[300];
        bytes[(int)(context->Mark & 255)] = 1;
        return (TrafficControlAction)(Deeper(context->Mark) + bytes[3]);
    }

    [BpfSubprogram]
    static int Deeper(uint mark)
    {
        Span<byte> bytes = stackalloc byte[300];
        bytes[(int)(mark & 255)] = 1;
        return bytes[3];
    }

    [TrafficControl]
    static TrafficControlAction EndlessLoop(SocketBuffer* context)
    {
        ulong rounds = 0;
        while (Helpers.KtimeGetNs() != 0) { rounds |= 1; }
        return (TrafficControlAction)rounds;
    }

    [TrafficControl]
    static TrafficControlAction LongLoop(SocketBuffer* context)
    {
        ulong sum = 0;
        for (uint i = 0; i < 50_000_000; i++) { sum += Helpers.GetPrandomU32() & i; }
        return (TrafficControlAction)sum;
    }

    [TrafficControl]
    static TrafficControlAction ArithmeticBeforeTest(SocketBuffer* context)
    {
        Entry* entry = Entries.Lookup(1);
        byte* third = entry->Bytes + (context->Mark & 7);
        return third == null ? TrafficControlAction.Ok : (TrafficControlAction)(*third);
    }

    [Xdp]
    static XdpAction ArithmeticOnEnd(XdpContext* context)
    {
        byte* data = (byte*)context->Data;
        byte* last = (byte*)context->DataEnd - 4;
        return data > last ? XdpAction.Drop : XdpAction.Pass;
    }

    [Syscall]
    static int ResultOfBody()
    {
        var sums = new Sums();
        Helpers.Loop(100, &Body, &sums);
        return (int)sums.Total;
    }

    static long Body(uint index, Sums* sums)
    {
        sums->Total += index;
        return 2;
    }

    [TracepointBtf("sched_switch")]
    static void IndexOfTask(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        uint index = (uint)next->tgid;
        if (next->comm[index] == 7) { Counts.Update(1, 1); }
    }
}
