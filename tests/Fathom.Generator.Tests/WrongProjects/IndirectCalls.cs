using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal static class Table
{
    public static readonly System.Func<uint, uint> First = n => n;
}

[BpfObject]
internal static unsafe partial class Probe
{
    private static uint Twice(uint n) => n * 2;

    [Syscall]
    private static int Run()
    {
        uint x = Helpers.GetSmpProcessorId();
        delegate*<uint, uint> f = &Twice;
//                                ^^^^^^ FTH0010
        x = Helpers.KtimeGetNs() > 5 ? x : Table.First(x);
//                                         ^^^^^^^^^^^^^^ FTH0010
        return (int)x;
    }
}
