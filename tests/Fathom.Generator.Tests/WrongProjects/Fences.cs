using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        System.Threading.Interlocked.MemoryBarrier();
//      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0019
        return (int)x;
    }
}
