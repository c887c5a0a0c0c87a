using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject(License = "GPL")]
internal static unsafe partial class Probe
{
    [TracepointBtf("sched_switch")]
    private static void OnSwitch(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        next->tgid = 1;
//      ^^^^^^^^^^ FTH0021
        previous->pid++;
//      ^^^^^^^^^^^^^ FTH0021
    }
}
