using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal static class Other
{
    public static readonly HashMap<uint, ulong> Counts = new();
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Map(MaxEntries = 8)] private static readonly HashMap<uint, ulong> Counts = new();
    [Map(MaxEntries = 8)] private static readonly HashMap<uint, ulong> Others = new();
    private static uint Size(HashMap<uint, ulong> map) => map.Lookup(1) == null ? 1u : 0;

    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        x += Other.Counts.Lookup(1) == null ? 1u : 0;
//           ^^^^^^^^^^^^ FTH0015
        x += Size(x > 5 ? Counts : Others);
//                ^^^^^^^^^^^^^^^^^^^^^^^ FTH0015
        return (int)x;
    }
}
