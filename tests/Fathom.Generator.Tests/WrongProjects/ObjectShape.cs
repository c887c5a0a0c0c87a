using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static class Probe
//                    ^^^^^ FTH0003
{
    [Syscall]
    private static int Run() => 1;
}
