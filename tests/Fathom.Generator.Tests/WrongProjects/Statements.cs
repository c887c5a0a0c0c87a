using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        lock (typeof(int)) { x++; }
//      ^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0019
        while (true) { x++; }
//      ^^^^^ FTH0019
        x = (uint?)x ?? 3u;
//          ^^^^^^^^^^^^^^ FTH0019
        return (int)x;
    }
}
