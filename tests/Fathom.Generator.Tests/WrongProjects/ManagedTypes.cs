using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        string text = "text";
//             ^^^^ FTH0005
        object thing = null;
//             ^^^^^ FTH0005
        var several = new int[4];
//          ^^^^^^^ FTH0005
        uint? perhaps = x;
//            ^^^^^^^ FTH0005
        return (int)x;
    }
}
