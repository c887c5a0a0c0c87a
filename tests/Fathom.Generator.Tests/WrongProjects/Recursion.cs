using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    private static uint Down(uint n) => n == 0 ? 0 : Down(n - 1);
//                                                   ^^^^^^^^^^^ FTH0009

    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = Down(x);
        return (int)x;
    }
}
