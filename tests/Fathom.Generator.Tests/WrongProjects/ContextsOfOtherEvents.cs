using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    private static long s_sum;

    [Tracepoint("syscalls", "sys_enter_openat")]
    private static void Enters(SyscallExitContext* context) => s_sum += context->Result;
//                      ^^^^^^ FTH0004

    [Tracepoint("raw_syscalls", "sys_exit")]
    private static void Exits(SyscallEnterContext* context) => s_sum += context->Number;
//                      ^^^^^ FTH0004

    [Tracepoint("sched", "sched_switch")]
    private static void Switches(SyscallEnterContext* context) => s_sum += context->Number;
//                      ^^^^^^^^ FTH0004

    [Tracepoint("syscalls", "sys_enter_close")]
    private static void Closes()
    {
        s_sum += ((SyscallExitContext*)Helpers.Context())->Result;
//                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0019
    }

    [Tracepoint("syscalls", "sys_enter_close")]
    private static void Right(SyscallEnterContext* context) => s_sum += context->Number;
}
