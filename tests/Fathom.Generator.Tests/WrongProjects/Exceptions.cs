using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        try { x++; } catch { x--; }
//      ^^^ FTH0008
        x = x > 5 ? x : throw new System.InvalidOperationException();
//                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0008
        return (int)x;
    }
}
