using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Bad programs, compiled now and given to the running kernel: what it says is told at the C# position, in the words that are recorded.</summary>
public partial class RejectionTests
{
    private static readonly Lazy<BpfObject> s_object = new(() => ObjectFile.Parse(Compiling.ObjectFileOf(
        Compiling.Build(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "Rejected.cs"))), "Rejected")));

    public static TheoryData<string> Programs => [.. Recorded().Select(m => ProgramOf().Match(m).Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_refusal_is_told_at_its_position(string program)
    {
        BpfObject all = s_object.Value;
        ImmutableArray<BpfFunction> alone = [.. all.Functions.Where(f => !f.IsEntry || f.Name == program)];
        VerifierRejectedException refusal;
        try
        {
            LoadedObject.Load(Kernel.Running, all with { Functions = alone }).Dispose();
            Assert.Fail("The verifier takes it.");
            return;
        }
        catch (VerifierRejectedException e)
        {
            refusal = e;
        }
        catch (Exception e) when (e is MissingCapabilityException or FeatureNotSupportedException)
        {
            Assert.Skip(e.Message);
            return;
        }

        string told = WithoutCounts(refusal.Message.Replace("File0.cs", "Rejected.cs", StringComparison.Ordinal));
        string[] recorded = [.. Recorded().Where(m => ProgramOf().Match(m).Groups[1].Value == program).Select(WithoutCounts).Distinct()];

        // One of the series that are recorded; the running kernel may be between two.
        Assert.Contains(told, recorded);
        Assert.NotEqual(VerifierErrorKind.Other, refusal.Kind);
    }

    [Fact]
    public void Calls_that_were_inlined_are_named()
    {
        BpfFunction function = s_object.Value.Functions.Single(f => f.Name == "InlinedIndex");
        InlinedCall inner = function.InlinedCalls.Single(c => c.Method == "ByteOf");

        Assert.Equal(("File0.cs", 64, 53), (inner.File, inner.Line, inner.Column));
        Assert.Equal("Pick", function.InlinedCalls[inner.Outer].Method);
        Assert.Equal(-1, function.InlinedCalls[inner.Outer].Outer);
        Assert.Contains(function.Lines, l => l.Inlined >= 0 && l.Text.Substring(l.Column - 1, l.Length) == "entry->Bytes[index]");
    }

    private static IEnumerable<string> Recorded() =>
        Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Cases", "Rejected"), "messages.txt", SearchOption.AllDirectories).SelectMany(File.ReadLines);

    private static string WithoutCounts(string message) => Counts().Replace(message, "");

    [GeneratedRegex(@"\(verifying (\w+): ")]
    private static partial Regex ProgramOf();

    // How long the log is, the errno (the records are explained without it), offsets that differ between kernels, and the register.
    [GeneratedRegex(@" \(\d+ lines? omitted\)|: E\w+\)|off=\d+, var_off=\S+ \S+|(?<=\[)R\d+ ")]
    private static partial Regex Counts();
}
