using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        System.Span<byte> buffer = stackalloc byte[(int)x];
//                                                 ^^^^^^ FTH0012
        byte* other = stackalloc byte[(int)(x + 1)];
//                                    ^^^^^^^^^^^^ FTH0012
        return (int)x;
    }
}
