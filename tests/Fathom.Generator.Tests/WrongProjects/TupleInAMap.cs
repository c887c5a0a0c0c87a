using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Map(MaxEntries = 8)] private static readonly HashMap<uint, (uint, uint, ulong)> Mixed = new();
//                                                                                   ^^^^^ FTH0020
    [Map(MaxEntries = 8)] private static readonly HashMap<(uint, uint), (ulong, ulong)> Uniform = new();
    private static (byte, ulong) s_last;
//                               ^^^^^^ FTH0020

    [Syscall]
    private static int Run()
    {
        (uint, ulong) pair = (1, 2);
        ulong first = *(ulong*)&pair;
//                     ^^^^^^^^^^^^^ FTH0020
        return sizeof((byte, ulong, byte));
//             ^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0020
    }
}
