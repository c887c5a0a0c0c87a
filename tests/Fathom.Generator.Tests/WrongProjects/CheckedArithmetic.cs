using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x = checked(x + 1);
//                  ^^^^^ FTH0017
        int signed = unchecked((int)x);
        checked
        {
            x++;
//          ^^^ FTH0017
            ulong wide = (ulong)signed;
//                       ^^^^^^^^^^^^^ FTH0017
        }
        return (int)x;
    }
}
