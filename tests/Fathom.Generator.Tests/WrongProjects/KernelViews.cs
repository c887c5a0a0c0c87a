using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject(License = "GPL")]
internal static unsafe partial class Probe
{
    private static ulong s_size;

    [TracepointBtf("sched_switch")]
    private static void OnSwitch(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        TaskStruct copy = *next;
//                 ^^^^ FTH0022
        s_size += (ulong)(next + 1)->pid;
//                        ^^^^^^^^ FTH0022
    }
}
