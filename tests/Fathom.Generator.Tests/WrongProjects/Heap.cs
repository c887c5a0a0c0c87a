using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    private static uint Sum(params uint[] values) => values[0];

    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = Sum(new uint[] { 1, 2 });
//              ^^^^^^^^^^^^^^^^^^^ FTH0006
        x += (uint)(new object()).GetHashCode();
//                  ^^^^^^^^^^^^ FTH0006
        return (int)x;
    }
}
