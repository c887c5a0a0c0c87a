using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Btf;
using Fathom.Format.Tests.Objects;
using Xunit;

namespace Fathom.Format.Tests.CoRe;

/// <summary>
/// Every relocation of objects that clang made, against what libbpf finds: bpftool, told to collect the types that objects need of a
/// kernel, prints each candidate that libbpf matches and the place of the field in it.
/// </summary>
public partial class LibbpfAgreementTests
{
    [Theory]
    [InlineData(KernelBtf.Running)]
    [InlineData(KernelBtf.Corpus)]
    public void Tools_are_relocated_as_libbpf_does(string kernel)
    {
        BtfData target = BtfData.Parse(KernelBtf.Read(kernel));
        int relocations = TestObjects.LibbpfTools().Sum(tool => Compare(tool.Name, tool.Bytes, target, KernelBtf.PathOf(kernel)));
        Assert.True(relocations > 400, $"only {relocations} relocations were compared");
    }

    [Fact]
    public void Moved_fields_and_bit_fields_are_relocated_as_libbpf_does()
    {
        string targetFile = Path.Combine(Cilium(), "relocs_read_tgt-el.elf");
        BpfObject target = ObjectFile.Parse(File.ReadAllBytes(targetFile));
        int relocations = Compare("relocs_read", File.ReadAllBytes(Path.Combine(Cilium(), "relocs_read-el.elf")), BtfData.Parse(target.Btf), targetFile);
        Assert.True(relocations >= 10, $"only {relocations} relocations were compared");
    }

    [Theory]
    [InlineData(KernelBtf.Running)]
    [InlineData(KernelBtf.Corpus)]
    public void Enumerators_that_a_kernel_has_not_are_found_missing_as_by_libbpf(string kernel)
    {
        byte[] elf = File.ReadAllBytes(Path.Combine(Cilium(), "relocs_enum-el.elf"));
        Assert.Equal(2, Compare("relocs_enum", elf, BtfData.Parse(KernelBtf.Read(kernel)), KernelBtf.PathOf(kernel)));
    }

    [Fact]
    public void Against_its_own_types_an_object_stays_as_it_is()
    {
        BpfObject definition = ObjectFile.Parse(File.ReadAllBytes(Path.Combine(Cilium(), "relocs-el.elf")));
        BtfData btf = BtfData.Parse(definition.Btf);
        int refused = 0;
        foreach (BpfFunction function in definition.Functions)
        {
            // The names of programs that ask for what two types have differently say so.
            if (function.Name.StartsWith("err_", StringComparison.Ordinal))
            {
                BadFormatException problem = Assert.Throws<BadFormatException>(() => CoreEngine.Relocate(function.Instructions, function.CoreRelocations, btf, btf));
                Assert.Contains("ambiguous", problem.Problem);
                refused++;
                continue;
            }

            RelocatedInstructions relocated = CoreEngine.Relocate(function.Instructions, function.CoreRelocations, btf, btf);
            Assert.NotEmpty(relocated.Results);
            Assert.All(relocated.Results, result => Assert.True(result.Succeeded, result.Explanation));
            Assert.All(relocated.Results, result => Assert.Equal(result.LocalValue, result.TargetValue));
            Assert.Equal(function.Instructions, relocated.Instructions);
        }

        Assert.Equal(2, refused);
    }

    private static string Cilium() => TestObjects.Folder("cilium-ebpf-testdata", "btf", "testdata");

    private static int Compare(string name, byte[] elf, BtfData target, string targetFile)
    {
        BpfObject definition = ObjectFile.Parse(elf);
        Dictionary<(string Section, int Index), Found> byLibbpf = AskLibbpf(elf, targetFile);
        var candidates = new CoreCandidates(BtfData.Parse(definition.Btf), target);
        int compared = 0;
        foreach (IGrouping<string, BpfFunction> section in definition.Functions.GroupBy(function => function.Section))
        {
            CoreResult[] results = [.. section.SelectMany(f => CoreEngine.Relocate(f.Instructions, f.CoreRelocations, candidates).Results)];
            Assert.True(results.Length == byLibbpf.Keys.Count(key => key.Section == section.Key), $"{name} {section.Key}: libbpf sees another number of relocations");
            for (int i = 0; i < results.Length; i++)
            {
                string? problem = Difference(results[i], byLibbpf[(section.Key, i)], results);
                Assert.True(problem is null, $"{name} {section.Key} #{i} {results[i]}: libbpf has {problem}");
                compared++;
            }
        }

        return compared;
    }

    // What libbpf says that we do not; null if both agree.
    private static string? Difference(CoreResult ours, Found theirs, CoreResult[] all)
    {
        CoreRelocationKind kind = ours.Relocation.Kind;
        if (theirs.LocalId != ours.Relocation.TypeId)
        {
            return $"the local type {theirs.LocalId}";
        }

        switch (kind)
        {
            case CoreRelocationKind.TypeIdLocal:
                return ours.TargetValue == (ulong)theirs.LocalId ? null : "another id";
            case CoreRelocationKind.FieldExists or CoreRelocationKind.TypeExists or CoreRelocationKind.EnumValueExists or CoreRelocationKind.TypeMatches:
                return ours.TargetValue == (theirs.Spec is null ? 0u : 1u) ? null : theirs.Spec ?? "no match";
            case CoreRelocationKind.TypeIdTarget:
                return ours.TargetValue == (ulong)theirs.TargetId ? null : $"the type {theirs.TargetId}";
            case CoreRelocationKind.TypeSize when theirs.Spec is null:
                return ours.TargetValue == 0 ? null : "no match";
        }

        if (theirs.Spec is null || !ours.Succeeded)
        {
            return ours.Succeeded == (theirs.Spec is not null) ? null : theirs.Spec ?? "no match";
        }

        if (kind == CoreRelocationKind.EnumValue)
        {
            return theirs.Spec.EndsWith($" = {(long)ours.TargetValue}", StringComparison.Ordinal) ? null : theirs.Spec;
        }

        if (kind is not (CoreRelocationKind.FieldByteOffset or CoreRelocationKind.FieldLeftShift))
        {
            return null;
        }

        // A bit field is told by its shifts: left, then right, must cut out the bits where libbpf sees the field.
        long bit = theirs.BitOffset;
        ulong? left = Same(CoreRelocationKind.FieldLeftShift);
        if (left is null)
        {
            return (long)ours.TargetValue * 8 == bit ? null : theirs.Spec;
        }

        long width = 64 - (long)Same(CoreRelocationKind.FieldRightShift)!.Value;
        long offset = (long)Same(CoreRelocationKind.FieldByteOffset)!.Value;
        return (long)left.Value == 64 - (bit + width - (offset * 8)) ? null : theirs.Spec;

        ulong? Same(CoreRelocationKind other) => all
            .Where(r => r.Relocation.Kind == other && r.Relocation.TypeId == ours.Relocation.TypeId && r.Relocation.Access == ours.Relocation.Access)
            .Select(r => (ulong?)r.TargetValue).FirstOrDefault();
    }

    private static Dictionary<(string Section, int Index), Found> AskLibbpf(byte[] elf, string targetFile)
    {
        string objectFile = Path.GetTempFileName();
        string output = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(objectFile, elf);
            var result = new Dictionary<(string, int), Found>();
            foreach (string line in KernelBtf.Bpftool("-d", "gen", "min_core_btf", targetFile, output, objectFile).Split('\n'))
            {
                Match match = RelocationLine().Match(line);
                if (!match.Success)
                {
                    continue;
                }

                (string, int) key = (match.Groups["section"].Value, int.Parse(match.Groups["index"].Value));
                int id = int.Parse(match.Groups["id"].Value);
                string spec = match.Groups["spec"].Value;
                switch (match.Groups["what"].Value)
                {
                    case "":
                        result.Add(key, new Found(id, 0, null, 0));
                        break;
                    case "matching candidate":
                        result[key] = result[key] with { TargetId = id, Spec = spec, BitOffset = BitOffset(spec) };
                        break;
                }
            }

            return result;
        }
        finally
        {
            File.Delete(objectFile);
            File.Delete(output);
        }
    }

    private static long BitOffset(string spec)
    {
        Match match = OffsetText().Match(spec);
        return !match.Success ? 0
            : (long.Parse(match.Groups["bytes"].Value) * 8) + (match.Groups["bits"] is { Success: true } bits ? long.Parse(bits.Value) : 0);
    }

    [GeneratedRegex(@"prog '(?<section>[^']+)': relo #(?<index>\d+): ((?<what>(non-)?matching candidate) #\d+ )?<\w+> \[(?<id>\d+)\] (?<spec>.*)$")]
    private static partial Regex RelocationLine();

    [GeneratedRegex(@"@ offset (?<bytes>\d+)(\.(?<bits>\d+))?\)")]
    private static partial Regex OffsetText();

    private sealed record Found(int LocalId, int TargetId, string? Spec, long BitOffset);
}
