using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)]
internal struct Value
{
    [System.Runtime.InteropServices.FieldOffset(0)] public ulong Whole;
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        Value value = default;
//            ^^^^^ FTH0020
        return (int)x;
    }
}
