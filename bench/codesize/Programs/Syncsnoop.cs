using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' syncsnoop: calls of the sync family.</summary>
[BpfObject]
internal static unsafe partial class Syncsnoop
{
    [Map]
    internal static readonly PerfEventArray Events = new();

    internal enum SystemCall
    {
        Sync = 1,
        Fsync,
        Fdatasync,
    }

    internal struct SyncEvent
    {
        public fixed byte Command[16];
        public ulong TimeUs;
        public SystemCall Call;
        public int Filler;
    }

    [Tracepoint("syscalls", "sys_enter_sync")]
    private static void Sync(SyscallEnterContext* context) => Report(context, SystemCall.Sync);

    [Tracepoint("syscalls", "sys_enter_fsync")]
    private static void Fsync(SyscallEnterContext* context) => Report(context, SystemCall.Fsync);

    private static void Report(SyscallEnterContext* context, SystemCall call)
    {
        SyncEvent record = default;
        Helpers.GetCurrentComm(record.Command, 16);
        record.TimeUs = Helpers.KtimeGetNs() / 1000;
        record.Call = call;
        Events.Output(context, PerfEventArray.CurrentCpu, record);
    }
}
