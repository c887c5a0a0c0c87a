using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        System.Span<byte> buffer = stackalloc byte[8];
        var part = buffer.Slice(length: 2, start: 3);
        var over = new System.Span<byte>(length: 1, pointer: &x);
//                                       ^^^^^^^^^ FTH0019
        x += (uint)(part.Length + over.Length);
        return (int)x;
    }
}
