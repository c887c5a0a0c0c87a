using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' biosnoop: each block request, who made it and how long it took.</summary>
[BpfObject]
internal static unsafe partial class Biosnoop
{
    private const uint QueueIsNoArgumentSince = (5 << 16) + (10 << 8) + 137;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool Queued;

    [Constant]
    internal static readonly bool FilterDevice;

    [Constant]
    internal static readonly uint TargetDevice;

    [Constant]
    internal static readonly ulong MinimumNs;

    [Constant]
    internal static readonly uint KernelVersion = uint.MaxValue;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, Submitter> Submitters = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, Stage> Starts = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct Submitter
    {
        public fixed byte Command[16];
        public uint ProcessId;
    }

    internal struct Stage
    {
        public ulong Insert;
        public ulong Issue;
        public uint Device;
        public uint Filler;
    }

    internal struct BlockEvent
    {
        public CommandBytes Command;
        public ulong Delta;
        public ulong QueueDelta;
        public ulong Time;
        public ulong Sector;
        public uint Length;
        public uint ProcessId;
        public uint CommandFlags;
        public uint Device;
    }

    internal struct CommandBytes
    {
        public fixed byte Bytes[16];
    }

    [RawTracepoint("block_io_start")]
    private static void Submitted(RawTracepointContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        ulong request = context->Arguments[0];
        Submitter submitter = default;
        submitter.ProcessId = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        Helpers.GetCurrentComm(submitter.Command, 16);
        Submitters.Update(request, submitter);
    }

    [RawTracepoint("block_rq_insert")]
    private static void Inserted(RawTracepointContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        Start((Request*)(KernelVersion >= QueueIsNoArgumentSince ? context->Arguments[0] : context->Arguments[1]), insert: true);
    }

    [RawTracepoint("block_rq_issue")]
    private static void Issued(RawTracepointContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        Start((Request*)(KernelVersion >= QueueIsNoArgumentSince ? context->Arguments[0] : context->Arguments[1]), insert: false);
    }

    [RawTracepoint("block_rq_complete")]
    private static void Completed(RawTracepointContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        var request = (Request*)context->Arguments[0];
        ulong now = Helpers.KtimeGetNs();
        Stage* stage = Starts.Lookup((ulong)request);
        if (stage == null)
        {
            return;
        }

        long delta = (long)(now - stage->Issue);
        if (delta >= 0 && (ulong)delta >= MinimumNs)
        {
            Report(context, request, stage, now, (ulong)delta);
        }

        Starts.Delete((ulong)request);
        Submitters.Delete((ulong)request);
    }

    private static void Start(Request* request, bool insert)
    {
        ulong now = Helpers.KtimeGetNs();
        Stage* known = Starts.Lookup((ulong)request);
        if (known != null)
        {
            if (insert)
            {
                known->Insert = now;
            }
            else
            {
                known->Issue = now;
            }

            return;
        }

        Stage stage = default;
        stage.Device = Shared.DeviceOf(request);
        if (FilterDevice && TargetDevice != stage.Device)
        {
            return;
        }

        if (insert)
        {
            stage.Insert = now;
        }
        else
        {
            stage.Issue = now;
        }

        Starts.Update((ulong)request, stage);
    }

    private static void Report(RawTracepointContext* context, Request* request, Stage* stage, ulong now, ulong delta)
    {
        BlockEvent record = default;
        Submitter* submitter = Submitters.Lookup((ulong)request);
        if (submitter == null)
        {
            record.Command.Bytes[0] = (byte)'?';
        }
        else
        {
            record.Command = *(CommandBytes*)submitter->Command;
            record.ProcessId = submitter->ProcessId;
        }

        record.Delta = delta;
        if (Queued && ((RequestQueueWithElevator*)request->q)->elevator != null)
        {
            // All ones where the insertion was not seen.
            record.QueueDelta = stage->Insert == 0 ? ulong.MaxValue : stage->Issue - stage->Insert;
        }

        record.Time = now;
        record.Sector = request->__sector;
        record.Length = request->__data_len;
        record.CommandFlags = request->cmd_flags;
        record.Device = stage->Device;
        Events.Output(context, PerfEventArray.CurrentCpu, record);
    }
}
