using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = (uint)System.Environment.ProcessId;
//                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0011
        x += (uint)System.Math.Clamp((int)x, 1, 5);
//                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0011
        x += System.Threading.Volatile.Read(ref x);
//           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0011
        return (int)x;
    }
}
