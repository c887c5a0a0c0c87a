using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' statsnoop: calls of the stat family.</summary>
[BpfObject]
internal static unsafe partial class Statsnoop
{
    private const int NoDescriptor = -1;
    private const int NameMax = 255;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly bool OnlyFailed;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, Value> Values = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal enum SystemCall
    {
        Statfs = 1,
        NewStat,
        Statx,
        NewFstat,
        NewFstatat,
        NewLstat,
    }

    internal struct Value
    {
        public int Descriptor;
        public int Folder;
        public ulong PathName;
        public SystemCall Type;
        public int Filler;
    }

    internal struct StatEvent
    {
        public ulong TimeNs;
        public uint ProcessId;
        public SystemCall Type;
        public int Result;
        public fixed byte Command[16];
        public int Descriptor;
        public int Folder;
        public fixed byte PathName[NameMax];
        public fixed byte Filler[5];
    }

    [Tracepoint("syscalls", "sys_enter_statfs")]
    private static void EnteredStatfs(SyscallEnterContext* context) =>
        Enter(SystemCall.Statfs, NoDescriptor, NoDescriptor, context->Arguments[0]);

    [Tracepoint("syscalls", "sys_enter_newfstat")]
    private static void EnteredNewFstat(SyscallEnterContext* context) =>
        Enter(SystemCall.NewFstat, (int)context->Arguments[0], NoDescriptor, 0);

    [Tracepoint("syscalls", "sys_enter_statx")]
    private static void EnteredStatx(SyscallEnterContext* context) =>
        Enter(SystemCall.Statx, NoDescriptor, (int)context->Arguments[0], context->Arguments[1]);

    [Tracepoint("syscalls", "sys_exit_statfs")]
    private static void ExitedStatfs(SyscallExitContext* context) => Exit(context);

    [Tracepoint("syscalls", "sys_exit_newfstat")]
    private static void ExitedNewFstat(SyscallExitContext* context) => Exit(context);

    [Tracepoint("syscalls", "sys_exit_statx")]
    private static void ExitedStatx(SyscallExitContext* context) => Exit(context);

    private static void Enter(SystemCall type, int descriptor, int folder, ulong pathName)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        Value value = default;
        if (pathName == 0 && descriptor == NoDescriptor && folder == NoDescriptor)
        {
            return;
        }

        if (TargetProcess != 0 && TargetProcess != process)
        {
            return;
        }

        value.Descriptor = descriptor;
        value.Folder = folder;
        value.PathName = pathName;
        value.Type = type;
        Values.Update(thread, value);
    }

    private static void Exit(SyscallExitContext* context)
    {
        int result = (int)context->Result;
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        StatEvent record = default;
        Value* value = Values.Lookup(thread);
        if (value == null)
        {
            return;
        }

        if (OnlyFailed && result >= 0)
        {
            Values.Delete(thread);
            return;
        }

        record.ProcessId = process;
        record.TimeNs = Helpers.KtimeGetNs();
        record.Result = result;
        record.Type = value->Type;
        Helpers.GetCurrentComm(record.Command, 16);
        record.Descriptor = value->Descriptor;
        record.Folder = value->Folder;
        if (value->PathName != 0)
        {
            Helpers.ProbeReadUserString(record.PathName, NameMax, (void*)value->PathName);
        }
        else
        {
            record.PathName[0] = 0;
        }

        Events.Output(context, PerfEventArray.CurrentCpu, record);
        Values.Delete(thread);
    }
}
