#pragma warning disable FTH0007, FTH0019
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
        lock (typeof(int)) { x++; }
//      ^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0019
        return (int)x;
    }
}
