using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Source
{
    public uint First;
    public uint Next
    {
        get
        {
            Probe.s_reads++;
            return First;
        }
    }

    public void Deconstruct(out uint a, out uint b) => (a, b) = (First++, First);
}

[BpfObject]
internal static unsafe partial class Probe
{
    public static uint s_reads;

    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        Source source = new Source { First = x };
        x = source switch
        {
            { Next: 1 } => 1u,
//            ^^^^^^^ FTH0019
            { Next: 2 } => 2,
            _ => 3,
        };
        x += source is (1, 2) ? 1u : 0;
//                     ^^^^^^ FTH0019
        return (int)x;
    }
}
