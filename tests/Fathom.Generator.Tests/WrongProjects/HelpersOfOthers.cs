using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    private static ulong s_last;

    [Xdp]
    private static XdpAction Filter(XdpContext* context)
    {
        s_last = Helpers.GetCurrentPidTgid();
//               ^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0014
        return XdpAction.Pass;
    }

    [TracepointBtf("sched_switch")]
    private static void OnSwitch() => s_last += Helpers.GetFuncIp(Helpers.Context());
//                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0014
}
