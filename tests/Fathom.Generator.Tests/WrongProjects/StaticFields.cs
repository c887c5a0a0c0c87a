using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal static class Outside
{
    public static uint Counter;
}

[BpfObject]
internal static unsafe partial class Probe
{
    private static readonly uint s_pid = (uint)System.Environment.ProcessId;
//                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0018
    private static volatile uint s_volatile;
//                               ^^^^^^^^^^ FTH0018
    [Constant] private static uint s_constant;
//                                 ^^^^^^^^^^ FTH0018

    [Syscall]
    private static int Run() => (int)Outside.Counter;
//                                   ^^^^^^^^^^^^^^^ FTH0018
}
