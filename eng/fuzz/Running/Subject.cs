using System;

namespace Fathom.Fuzzing.Running;

/// <summary>A class to try, with <c>ulong Entry(ulong a, ulong b, ulong* o)</c>.</summary>
/// <param name="Name">Name of the class.</param>
/// <param name="Source">C# that needs nothing but .NET and Fathom.Bpf.</param>
/// <param name="Seed">What it was written from; for a file, what its inputs come from.</param>
internal sealed record Subject(string Name, string Source, int Seed)
{
    public static Subject Random(int seed) => new("C" + seed, Writing.RandomMethod.Make(seed, "C" + seed), seed);

    /// <summary>
    /// True if the CLR cannot run the class as it is: a fault ends a subprogram or the body of a loop only, where an exception ends all, the
    /// helper that loops does not exist on the CLR, and the quotient that wraps throws there.
    /// </summary>
    public bool NeedsHostForm =>
        Source.Contains("BpfSubprogram", StringComparison.Ordinal) || Source.Contains("Helpers.Loop", StringComparison.Ordinal) || Source.Contains("// wraps", StringComparison.Ordinal);
}
