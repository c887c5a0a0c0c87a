using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = (uint)(x * 1.5);
//                 ^^^^^^^ FTH0007
        try { x++; } catch { }
//      ^^^ FTH0008
        return (int)x;
    }
}
