using System.Collections.Generic;
using System.Linq;
using Fathom.Runtime;

namespace Fathom.CodeSize;

/// <summary>One program beside clang's.</summary>
/// <param name="Clang">Clang's figures.</param>
/// <param name="Slots">Slots of 8 bytes of ours.</param>
/// <param name="Verified">Instructions that the verifier of the running kernel went through; null if it was not asked.</param>
internal sealed record Measurement(BaselineEntry Clang, int Slots, int? Verified)
{
    /// <summary>Our size as a part of clang's.</summary>
    public double SlotRatio => (double)Slots / Clang.Slots;

    /// <summary>Our verified instructions as a part of clang's; null where one of the two is not known.</summary>
    public double? VerifiedRatio => (double?)Verified / Clang.Verified;

    /// <summary>Counts the slots of all, which needs no kernel.</summary>
    public static IReadOnlyList<Measurement> Sizes() =>
        [.. Baseline.Read().Select(static entry => new Measurement(entry, CodeSizeObject.Of(entry).CountSlots(entry.OurProgram), null))];

    /// <summary>Counts the slots of all, and has the kernel verify each program.</summary>
    /// <exception cref="BpfException">The kernel refuses one.</exception>
    public static IReadOnlyList<Measurement> SizesAndVerification(Kernel kernel)
    {
        var measured = new List<Measurement>();
        foreach (var tool in Sizes().GroupBy(static size => size.Clang.ObjectName))
        {
            using LoadedObject loaded = CodeSizeObject.Of(tool.First().Clang).Load(kernel);
            measured.AddRange(tool.Select(size => size with { Verified = loaded.GetProgram(size.Clang.OurProgram).GetInfo().VerifiedInstructions }));
        }

        return measured;
    }
}
