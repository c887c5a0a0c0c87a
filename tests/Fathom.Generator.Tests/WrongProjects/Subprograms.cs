using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run() => Six(1, 2, 3, 4, 5, 6) + Pair(1).First;

    [BpfSubprogram]
    private static int Six(int a, int b, int c, int d, int e, int f) => a;
//                     ^^^ FTH0024

    private static (int First, int Second) Pair(int n) => (n, n);
}
