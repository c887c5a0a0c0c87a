using Fathom.Bpf;

namespace Fathom.Interpreter.Tests;

/// <summary>What programs read and write, in one entry of an array.</summary>
internal struct SampleIo
{
    public ulong A;
    public ulong B;
    public ulong Result;
}

/// <summary>A program of the compiler, run without a kernel.</summary>
[BpfObject]
internal static unsafe partial class SampleProbe
{
    [Constant]
    public static readonly ulong Factor = 3;

    internal static ulong Runs;

    internal static ulong Started = 100;

    [Map(MaxEntries = 1)]
    internal static readonly ArrayMap<SampleIo> Io = new();

    [Map(MaxEntries = 16)]
    internal static readonly HashMap<ulong, ulong> Seen = new();

    [Syscall]
    private static int Compute()
    {
        Runs++;
        Started += Runs;
        SampleIo* io = Io.Lookup(0);
        if (io == null)
        {
            return 1;
        }

        ulong sum = 0;
        Helpers.Loop((uint)io->B, &Add, &sum);
        io->Result = Combine(io->A, sum) * Factor;
        Seen.Update(io->A, io->Result);
        return 7;
    }

    [BpfSubprogram]
    private static ulong Combine(ulong a, ulong b) => (a / b) + (a % b);

    private static long Add(uint index, ulong* sum)
    {
        *sum += index;
        return *sum > 100 ? 1 : 0;
    }
}
