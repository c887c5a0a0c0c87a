using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>
/// libbpf-tools' sigsnoop: signals that are sent. Only the end of a call: what notes its beginning asks for the target's name by a function
/// of the kernel (<c>bpf_task_from_pid</c>), and the language has no such calls yet.
/// </summary>
[BpfObject]
internal static unsafe partial class Sigsnoop
{
    [Constant]
    internal static readonly bool OnlyFailed;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, SignalEvent> Values = new();

    [Map]
    internal static readonly PerfEventArray Events = new();

    internal struct SignalEvent
    {
        public uint ProcessId;
        public uint TargetId;
        public int Signal;
        public int Result;
        public fixed byte Command[16];
        public fixed byte TargetCommand[16];
    }

    [Tracepoint("syscalls", "sys_exit_kill")]
    private static void Killed(SyscallExitContext* context)
    {
        int result = (int)context->Result;
        uint thread = (uint)Helpers.GetCurrentPidTgid();
        SignalEvent* record = Values.Lookup(thread);
        if (record == null)
        {
            return;
        }

        if (!OnlyFailed || result < 0)
        {
            record->Result = result;
            Events.Output(context, PerfEventArray.CurrentCpu, *record);
        }

        Values.Delete(thread);
    }
}
