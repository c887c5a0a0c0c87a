using System.Numerics;
using System.Threading;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' futexctn: time that threads wait for futexes.</summary>
[BpfObject]
internal static unsafe partial class Futexctn
{
    private const int MaxSlots = 36;
    private const int Wait = 0;
    private const int CommandMask = ~(128 | 256);

    [Constant]
    internal static readonly bool Summary;

    [Constant]
    internal static readonly bool Milliseconds;

    [Constant]
    internal static readonly ulong TargetLock;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly uint TargetThread;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, Waiting> Starts = new();

    // Entries: the original's loader sets them.
    [Map(MaxEntries = 1024)]
    internal static readonly StackTraces Stacks = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<HistogramKey, Histogram> Histograms = new();

    private static readonly Histogram InitialHistogram;

    internal struct Waiting
    {
        public ulong Time;
        public ulong Address;
    }

    internal struct HistogramKey
    {
        public ulong Thread;
        public ulong Address;
        public int UserStack;
        public int Filler;
    }

    internal struct Histogram
    {
        public fixed uint Slots[MaxSlots];
        public fixed byte Command[16];
        public ulong Contended;
        public ulong TotalElapsed;
        public ulong Min;
        public ulong Max;
    }

    [Tracepoint("syscalls", "sys_enter_futex")]
    private static void Entered(SyscallEnterContext* context)
    {
        if (((int)context->Arguments[1] & CommandMask) != Wait)
        {
            return;
        }

        ulong id = Helpers.GetCurrentPidTgid();
        if (TargetProcess != 0 && TargetProcess != id >> 32)
        {
            return;
        }

        if (TargetThread != 0 && TargetThread != (uint)id)
        {
            return;
        }

        Waiting waiting = default;
        waiting.Address = context->Arguments[0];
        if (TargetLock != 0 && TargetLock != waiting.Address)
        {
            return;
        }

        waiting.Time = Helpers.KtimeGetNs();
        Starts.Update(id, waiting);
    }

    [Tracepoint("syscalls", "sys_exit_futex")]
    private static void Exited(SyscallExitContext* context)
    {
        ulong now = Helpers.KtimeGetNs();
        ulong id = Helpers.GetCurrentPidTgid();
        Waiting* waiting = Starts.Lookup(id);
        if (waiting == null)
        {
            return;
        }

        if ((int)context->Result >= 0)
        {
            long delta = (long)(now - waiting->Time);
            if (delta >= 0)
            {
                Count(context, id, waiting->Address, (ulong)delta);
            }
        }

        Starts.Delete(id);
    }

    private static void Count(SyscallExitContext* context, ulong id, ulong address, ulong delta)
    {
        HistogramKey key = default;
        key.Thread = id;
        key.Address = address;
        if (!Summary)
        {
            key.UserStack = (int)Stacks.GetId(context, StackFlags.User);
        }
        else
        {
            key.Thread >>= 32;
        }

        Histogram* histogram = Shared.LookupOrTryInit(Histograms, key, InitialHistogram);
        if (histogram == null)
        {
            return;
        }

        delta /= Milliseconds ? 1_000_000u : 1_000u;
        int slot = BitOperations.Log2(delta);
        if (slot >= MaxSlots)
        {
            slot = MaxSlots - 1;
        }

        Interlocked.Increment(ref histogram->Slots[slot]);
        Interlocked.Increment(ref histogram->Contended);
        Interlocked.Add(ref histogram->TotalElapsed, delta);
        ulong min = Interlocked.Add(ref histogram->Min, 0);
        if (min == 0 || min > delta)
        {
            Interlocked.CompareExchange(ref histogram->Min, delta, min);
        }

        ulong max = Interlocked.Add(ref histogram->Max, 0);
        if (max < delta)
        {
            Interlocked.CompareExchange(ref histogram->Max, delta, max);
        }

        Helpers.GetCurrentComm(histogram->Command, 16);
    }
}
