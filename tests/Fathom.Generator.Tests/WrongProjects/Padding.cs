using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Key
{
    public byte Protocol;
    public uint Address;
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Map(MaxEntries = 8)] private static readonly HashMap<Key, ulong> Counts = new();
//                                                                    ^^^^^^ FTH0016
    [Map(MaxEntries = 4096)] private static readonly RingBuffer Events = new();

    [Syscall]
    private static int Run()
    {
        Key* key = Events.Reserve<Key>();
//                 ^^^^^^^^^^^^^^^^^^^^^ FTH0016
        return 1;
    }
}
