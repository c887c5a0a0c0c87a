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
        x += (uint)(x / 2f);
//                  ^^^^^^ FTH0007
        if (x * 1.1 > 3) { x++; }
//          ^ FTH0007
        x -= (uint)(x * 2.5);
//                  ^^^^^^^ FTH0007
        return (int)x;
    }
}
