using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Total
{
    public ulong Count;
    public static implicit operator Bytes(Total total) => new Bytes { Count = total.Count * 2 };
}

internal struct Bytes
{
    public ulong Count;
    public static Total operator +(Bytes bytes, ulong more) => new Total { Count = bytes.Count + more };
}

[BpfObject]
internal static unsafe partial class Probe
{
    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        Bytes bytes = new Bytes { Count = x };
        bytes += 5;
//      ^^^^^^^^^^ FTH0019
        x = (uint)bytes.Count;
        return (int)x;
    }
}
