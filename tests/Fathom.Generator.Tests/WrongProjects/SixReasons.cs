using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class First
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        try { x++; } catch { }
//      ^^^ FTH0008
        x = checked(x + 1);
//                  ^^^^^ FTH0017
        double d = x;
//             ^ FTH0007
        return Deep(x);
    }

    private static int Deep(uint n)
    {
        string name = "n";
//             ^^^^ FTH0005
        return (int)System.Environment.ProcessId;
//                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0011
    }
}

[BpfObject]
internal static unsafe partial class Second
{
    [Syscall]
    private static int Run() => (int)(Helpers.KtimeGetNs() * 0.5);
//                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0007
}
