using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' execsnoop: programs that are executed, with their arguments.</summary>
[BpfObject]
internal static unsafe partial class Execsnoop
{
    private const int ArgumentBytes = 128;
    private const int TotalMaxArguments = 60;
    private const int DefaultMaxArguments = 20;
    private const int AllArgumentBytes = TotalMaxArguments * ArgumentBytes;
    private const int LastArgument = AllArgumentBytes - ArgumentBytes;
    private const uint InvalidUser = uint.MaxValue;

    [Constant]
    internal static readonly bool FilterCgroup;

    [Constant]
    internal static readonly bool IgnoreFailed = true;

    [Constant]
    internal static readonly uint TargetUser = InvalidUser;

    [Constant]
    internal static readonly int MaxArguments = DefaultMaxArguments;

    private static readonly ExecEvent EmptyEvent;

    [Map(MaxEntries = 1)]
    internal static readonly CgroupArray Cgroup = new();

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<int, ExecEvent> Execs = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct ExecEvent
    {
        public int ProcessId;
        public int ParentId;
        public uint User;
        public int Result;
        public int ArgumentCount;
        public uint ArgumentsSize;
        public fixed byte Command[16];
        public fixed byte Arguments[AllArgumentBytes];
    }

    [Tracepoint("syscalls", "sys_enter_execve")]
    private static void Entered(SyscallEnterContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        uint user = (uint)Helpers.GetCurrentUidGid();
        if (TargetUser != InvalidUser && TargetUser != user)
        {
            return;
        }

        ulong id = Helpers.GetCurrentPidTgid();
        int thread = (int)id;
        if (Execs.Update(thread, EmptyEvent, UpdateMode.MustBeNew) != 0)
        {
            return;
        }

        ExecEvent* record = Execs.Lookup(thread);
        if (record == null)
        {
            return;
        }

        record->ProcessId = (int)(id >> 32);
        record->User = user;
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        record->ParentId = task->real_parent->tgid;
        record->ArgumentCount = 0;
        record->ArgumentsSize = 0;

        int bytes = (int)Helpers.ProbeReadUserString(record->Arguments, ArgumentBytes, (void*)context->Arguments[0]);
        if (bytes < 0)
        {
            return;
        }

        if (bytes <= ArgumentBytes)
        {
            record->ArgumentsSize += (uint)bytes;
        }
        else
        {
            record->Arguments[0] = 0;
            record->ArgumentsSize++;
        }

        record->ArgumentCount++;
        var arguments = (ulong*)context->Arguments[1];
        ulong argument;
        for (int i = 1; i < TotalMaxArguments && i < MaxArguments; i++)
        {
            if (Helpers.ProbeReadUser(&argument, sizeof(ulong), &arguments[i]) < 0)
            {
                return;
            }

            uint used = record->ArgumentsSize;
            if (used > LastArgument)
            {
                return;
            }

            bytes = (int)Helpers.ProbeReadUserString(&record->Arguments[used], ArgumentBytes, (void*)argument);
            if (bytes < 0)
            {
                return;
            }

            record->ArgumentCount++;
            record->ArgumentsSize += (uint)bytes;
        }

        // Whether there is one more.
        if (Helpers.ProbeReadUser(&argument, sizeof(ulong), &arguments[MaxArguments]) < 0)
        {
            return;
        }

        record->ArgumentCount++;
    }

    [Tracepoint("syscalls", "sys_exit_execve")]
    private static void Exited(SyscallExitContext* context)
    {
        if (FilterCgroup && Cgroup.ContainsCurrentTask(0) == 0)
        {
            return;
        }

        uint user = (uint)Helpers.GetCurrentUidGid();
        if (TargetUser != InvalidUser && TargetUser != user)
        {
            return;
        }

        int thread = (int)Helpers.GetCurrentPidTgid();
        ExecEvent* record = Execs.Lookup(thread);
        if (record == null)
        {
            return;
        }

        int result = (int)context->Result;
        if (!IgnoreFailed || result >= 0)
        {
            record->Result = result;
            Helpers.GetCurrentComm(record->Command, 16);
            ulong length = (ulong)(sizeof(ExecEvent) - AllArgumentBytes) + record->ArgumentsSize;
            if (length <= (ulong)sizeof(ExecEvent))
            {
                Events.Output(context, PerfEventArray.CurrentCpu, record, length);
            }
        }

        Execs.Delete(thread);
    }
}
