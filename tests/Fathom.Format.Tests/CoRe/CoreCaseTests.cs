using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.CoRe;

/// <summary>Every rule of relocation and every way it fails, from the table in <c>Relocations.cases</c>.</summary>
public partial class CoreCaseTests
{
    private static readonly Dictionary<string, string[]> Cases = ReadCases();

    public static TheoryData<string> CaseNames => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Case(string name)
    {
        (BtfData local, IReadOnlyDictionary<string, int> names) = TypeWriter.Write(Line(name, "local "));
        (BtfData target, _) = TypeWriter.Write(Line(name, "target "));
        var candidates = new CoreCandidates(local, target);
        string[] wanted = [.. Cases[name].Where(line => line.StartsWith("relocate ", StringComparison.Ordinal))];
        Assert.NotEmpty(wanted);
        Assert.Equal(wanted, wanted.Select(line => Relocate(line, names, candidates)));
    }

    // The line as it should have been, by what came out.
    private static string Relocate(string line, IReadOnlyDictionary<string, int> names, CoreCandidates candidates)
    {
        Match match = RelocationLine().Match(line);
        Assert.True(match.Success, line);
        CoreRelocationKind kind = Enum.Parse<CoreRelocationKind>(match.Groups["kind"].Value);
        string expectation = match.Groups["result"].Value;
        var relocation = new CoreRelocation(1, names[match.Groups["root"].Value], match.Groups["access"].Value, kind);
        string before = line[..match.Groups["result"].Index];
        long localValue = long.TryParse(expectation.Split(' ')[0], out long value) ? value : LocalOffset(relocation, candidates);
        Instruction instruction = Make(match.Groups["as"].Value, localValue);
        try
        {
            RelocatedInstructions relocated = CoreEngine.Relocate([Instruction.Exit(), instruction], [relocation], candidates);
            return before + Describe(instruction, relocated);
        }
        catch (BadFormatException problem) when (expectation.StartsWith("error ", StringComparison.Ordinal))
        {
            return before + (problem.Message.Contains(expectation["error ".Length..]) ? expectation : problem.Message);
        }
    }

    private static string Describe(Instruction before, RelocatedInstructions relocated)
    {
        CoreResult result = Assert.Single(relocated.Results);
        Instruction after = relocated.Instructions[1];
        Assert.Equal(Instruction.Exit(), relocated.Instructions[0]);
        Assert.Equal(before.SlotCount, after.SlotCount);
        if (!result.Succeeded)
        {
            Assert.Equal(
                before.IsLoadImmediate64 ? Instruction.LoadImmediate64(Register.R10, 195896080) : Instruction.Call(CallKind.Helper, 195896080),
                after);
            return $"poison {result.Explanation}";
        }

        bool isMemory = before.Class is InstructionClass.LoadX or InstructionClass.StoreX;
        Assert.Equal((long)result.TargetValue, isMemory ? after.Offset : after.Immediate);
        Assert.Equal(before with { Opcode = 0, Offset = 0, Immediate = 0 }, after with { Opcode = 0, Offset = 0, Immediate = 0 });
        int bytes = after.MemorySize switch { MemorySize.Byte => 1, MemorySize.Half => 2, MemorySize.Word => 4, _ => 8 };
        return $"{(long)result.LocalValue} -> {(long)result.TargetValue}{(isMemory ? $" in {bytes}" : "")}";
    }

    private static Instruction Make(string form, long value) => form.Split(' ', '=') switch
    {
        [""] or ["mov"] => Instruction.Alu64(AluOperation.Move, Register.R1, (int)value),
        ["mov", var other] => Instruction.Alu64(AluOperation.Move, Register.R1, int.Parse(other)),
        ["wide"] => Instruction.LoadImmediate64(Register.R1, value),
        ["wide", var other] => Instruction.LoadImmediate64(Register.R1, long.Parse(other)),
        ["load", var bytes] => Instruction.Load(SizeOf(bytes), Register.R1, Register.R2, (short)value),
        ["store", var bytes] => Instruction.Store(SizeOf(bytes), Register.R1, (short)value, Register.R2),
        ["exit"] => Instruction.Exit(),
        ["add"] => Instruction.Alu64(AluOperation.Add, Register.R1, Register.R2),
        _ => throw new ArgumentException($"No such instruction: '{form}'."),
    };

    private static MemorySize SizeOf(string bytes) => bytes switch
    {
        "1" => MemorySize.Byte,
        "2" => MemorySize.Half,
        "4" => MemorySize.Word,
        _ => MemorySize.Double,
    };

    // What the instruction of a relocation that is poisoned or refused holds: the value by the object's types, against themselves.
    private static long LocalOffset(CoreRelocation relocation, CoreCandidates candidates)
    {
        try
        {
            Instruction instruction = Instruction.LoadImmediate64(Register.R1, 0);
            var alone = new CoreRelocation(0, relocation.TypeId, relocation.Access, relocation.Kind);
            string message = Assert.Throws<BadFormatException>(() =>
                CoreEngine.Relocate([instruction with { Immediate = long.MinValue + 1 }], [alone], candidates.Local, candidates.Local)).Problem;
            Match match = ShouldHold().Match(message);
            return match.Success ? long.Parse(match.Groups[1].Value) : 0;
        }
        catch (Xunit.Sdk.ThrowsException)
        {
            return 0;
        }
    }

    private static string Line(string name, string start) =>
        Assert.Single(Cases[name], line => line.StartsWith(start, StringComparison.Ordinal))[start.Length..];

    private static Dictionary<string, string[]> ReadCases()
    {
        using Stream stream = typeof(CoreCaseTests).Assembly.GetManifestResourceStream("Relocations.cases")!;
        string text = new StreamReader(stream).ReadToEnd();
        return text.Split("\ncase ").Skip(1)
            .Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(lines => lines[0], lines => lines[1..]);
    }

    [GeneratedRegex(@"^relocate (?<root>\S+) (?<access>\S+) (?<kind>\S+)( as (?<as>.+))? => (?<result>.*)$")]
    private static partial Regex RelocationLine();

    [GeneratedRegex(@"should hold (-?\d+)")]
    private static partial Regex ShouldHold();
}
