using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' drsnoop: processes that must free memory themselves.</summary>
[BpfObject]
internal static unsafe partial class Drsnoop
{
    private const int FreePages = 0;

    [Constant]
    internal static readonly uint TargetThread;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly ulong ZoneStatistics;

    [Map(MaxEntries = 8192)]
    internal static readonly HashMap<uint, Reclaim> Starts = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct Reclaim
    {
        public ulong Time;
        public ulong FreePages;
    }

    internal struct ReclaimEvent
    {
        public fixed byte Command[16];
        public ulong DeltaNs;
        public ulong Reclaimed;
        public ulong FreePages;
        public int ThreadId;
        public int Filler;
    }

    [RawTracepoint("mm_vmscan_direct_reclaim_begin")]
    private static void Begun(RawTracepointContext* context)
    {
        var statistics = (ulong*)ZoneStatistics;
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        Reclaim reclaim = default;
        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        if (TargetThread != 0 && TargetThread != thread)
        {
            return;
        }

        reclaim.Time = Helpers.KtimeGetNs();
        if (statistics != null)
        {
            reclaim.FreePages = statistics[FreePages];
        }

        Starts.Update(thread, reclaim);
    }

    [RawTracepoint("mm_vmscan_direct_reclaim_end")]
    private static void Ended(RawTracepointContext* context)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        ReclaimEvent record = default;
        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        if (TargetThread != 0 && TargetThread != thread)
        {
            return;
        }

        Reclaim* reclaim = Starts.Lookup(thread);
        if (reclaim == null)
        {
            return;
        }

        long delta = (long)(Helpers.KtimeGetNs() - reclaim->Time);
        if (delta >= 0)
        {
            record.ThreadId = (int)thread;
            record.Reclaimed = context->Arguments[0];
            record.DeltaNs = (ulong)delta;
            record.FreePages = reclaim->FreePages;
            Helpers.GetCurrentComm(record.Command, 16);
            Events.Output(context, PerfEventArray.CurrentCpu, record);
        }

        Starts.Delete(thread);
    }
}
