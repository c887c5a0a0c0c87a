using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        System.Span<ulong> first = stackalloc ulong[40];
//                                 ^^^^^^^^^^^^^^^^^^^^ FTH0023
        System.Span<ulong> second = stackalloc ulong[40];
        for (int i = 0; i < 40; i++)
        {
            first[i] = Helpers.GetPrandomU32();
            second[i] = first[i] + x;
        }

        x += (uint)(first[(int)(x & 31)] + second[(int)(x & 15)]);
        return (int)x;
    }
}
