using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static long Run() => 1;
//                      ^^^ FTH0004

    [Xdp]
    private static XdpAction Filter(uint* context) => XdpAction.Pass;
//                           ^^^^^^ FTH0004

    [Kprobe("vfs_*")]
    private static void Reads()
//                      ^^^^^ FTH0004
    {
    }
}
