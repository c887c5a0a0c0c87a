using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Own
{
    public uint A;
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = Core.FieldExists(x) ? 1u : 0;
//                           ^ FTH0026
        x += Core.TypeExists<Own>() ? 1u : 0;
//           ^^^^^^^^^^^^^^^^^^^^^^ FTH0026
        return (int)x;
    }
}
