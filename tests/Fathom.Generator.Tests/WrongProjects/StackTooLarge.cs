using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[System.Runtime.CompilerServices.InlineArray(200)]
internal struct Large
{
    private ulong _first;
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        System.Span<byte> buffer = stackalloc byte[1024];
//                                 ^^^^^^^^^^^^^^^^^^^^^ FTH0013
        Large large = default;
//            ^^^^^ FTH0013
        return (int)x;
    }
}
