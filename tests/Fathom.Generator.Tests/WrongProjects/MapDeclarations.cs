using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

[BpfObject]
internal static unsafe partial class Probe
{
    [Map(MaxEntries = 5000)] private static readonly RingBuffer Events = new();
//                                                              ^^^^^^ FTH0025
    [Map(MaxEntries = 8)] private static HashMap<uint, ulong> Counts = new();
//                                                            ^^^^^^ FTH0025
    private static readonly HashMap<uint, ulong> Bare = new();
//                                               ^^^^ FTH0025
}
