using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Fathom.CodeSize;

/// <summary>A program of libbpf-tools, what clang makes of it, and which program here has the same behaviour.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Section">The section of its object file.</param>
/// <param name="Program">The name of its function.</param>
/// <param name="Slots">Slots of 8 bytes, with all that is linked to it.</param>
/// <param name="Verified">Instructions that the verifier went through; null where it was not measured.</param>
/// <param name="Ours">Class and method here.</param>
internal sealed record BaselineEntry(string Tool, string Section, string Program, int Slots, int? Verified, string Ours)
{
    /// <summary>Name of the class.</summary>
    public string ObjectName => Ours[..Ours.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>Name of the method, which is the program's.</summary>
    public string OurProgram => Ours[(ObjectName.Length + 1)..];
}

/// <summary>The figures of <c>baseline.tsv</c>.</summary>
internal static class Baseline
{
    /// <summary>Reads the file beside the program.</summary>
    public static IReadOnlyList<BaselineEntry> Read() =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "baseline.tsv")).Where(static line => !line.StartsWith('#')).Skip(1).Select(Parse)];

    private static BaselineEntry Parse(string line)
    {
        string[] fields = line.Split('\t');
        return new(fields[0], fields[1], fields[2], Number(fields[3]), fields[4] == "-" ? null : Number(fields[4]), fields[5]);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
