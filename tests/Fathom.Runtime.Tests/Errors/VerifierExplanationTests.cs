using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Errors;

/// <summary>
/// What users read when the verifier refuses a program, from logs of five series of kernels. They come from the programs of
/// <c>VerifierLogs/Rejected.cs</c>; eng/CollectVerifierLogs made the object and the logs.
/// </summary>
public sealed class VerifierExplanationTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "VerifierLogs");
    private static readonly BpfObject s_object = ObjectFile.Parse(File.ReadAllBytes(Path.Combine(s_folder, "Rejected.bpf.o")));

    public static TheoryData<string> Series => ["5.10", "6.1", "6.12", "6.18", "7.3"];

    [Theory]
    [MemberData(nameof(Series))]
    public void Each_refusal_is_told_in_words(string series)
    {
        var told = new StringBuilder();
        foreach (string path in Logs(series))
        {
            told.Append(Explain(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path)).Message).Append('\n');
        }

        string expected = Path.Combine(s_folder, series, "messages.txt");
        if (Environment.GetEnvironmentVariable("FATHOM_UPDATE_EXPECTED") is { Length: > 0 } folder)
        {
            File.WriteAllText(Path.Combine(folder, series, "messages.txt"), told.ToString());
        }

        Assert.Equal(File.ReadAllText(expected), told.ToString());
    }

    [Theory]
    [MemberData(nameof(Series))]
    public void None_is_told_only_in_the_words_of_the_kernel(string series)
    {
        string[] logs = Logs(series);

        Assert.True(logs.Length >= 25, $"{logs.Length} logs of {series}");
        Assert.All(logs, path =>
        {
            VerifierRejectedException e = Explain(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path));
            Assert.NotEqual(VerifierErrorKind.Other, e.Kind);
            Assert.NotEmpty(e.Advice);
            Assert.DoesNotContain('\n', e.Message);
        });
    }

    [Theory]
    [MemberData(nameof(Series))]
    public void A_log_that_was_cut_or_damaged_is_read_all_the_same(string series)
    {
        var random = new Random(20261125);
        foreach (string path in Logs(series))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            string log = File.ReadAllText(path);
            for (int i = 0; i < 60; i++)
            {
                Assert.NotNull(Explain(name, Damage(log, random)).Message);
            }
        }
    }

    [Theory]
    [InlineData("R3 !read_ok", VerifierErrorKind.Uninitialized)]
    [InlineData("invalid indirect read from stack R2 off -16+1 size 16", VerifierErrorKind.Uninitialized)]
    [InlineData("invalid read from stack off -16+0 size 8", VerifierErrorKind.Uninitialized)]
    [InlineData("back-edge from insn 7 to 2", VerifierErrorKind.EndlessLoop)]
    [InlineData("The sequence of 8193 jumps is too complex.", VerifierErrorKind.TooComplex)]
    [InlineData("unknown func bpf_send_signal#109", VerifierErrorKind.HelperNotAllowed)]
    [InlineData("program of this type cannot use helper bpf_send_signal#109", VerifierErrorKind.HelperNotAllowed)]
    [InlineData("cannot call GPL-restricted function from non-GPL compatible program", VerifierErrorKind.HelperNotAllowed)]
    [InlineData("At program exit the register R0 has value (0x5; 0x0) should have been in (0x0; 0x1)", VerifierErrorKind.ReturnValue)]
    [InlineData("At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]", VerifierErrorKind.ReturnValue)]
    [InlineData("R0 leaks addr as return value", VerifierErrorKind.PointerLeak)]
    [InlineData("R1 leaks addr into map", VerifierErrorKind.PointerLeak)]
    [InlineData("write into map forbidden, value_size=4 off=0 size=4", VerifierErrorKind.ReadOnly)]
    [InlineData("the call stack of 9 frames is too deep !", VerifierErrorKind.StackTooLarge)]
    [InlineData("dereference of modified ctx ptr R1 off=8 disallowed", VerifierErrorKind.ContextAccess)]
    [InlineData("R1 bitwise operator &= on pointer prohibited", VerifierErrorKind.PointerArithmetic)]
    [InlineData("R2 min value is negative, either use unsigned or 'var &= const'", VerifierErrorKind.UnboundedSize)]
    [InlineData("something that no kernel says yet", VerifierErrorKind.Other)]
    public void Complaints_that_no_program_of_the_collection_draws(string complaint, VerifierErrorKind kind)
    {
        VerifierRejectedException e = Explain("IndexOfValue", $"0: R1=ctx() R10=fp0\n0: (bf) r6 = r1\n{complaint}\nprocessed 1 insns (limit 1000000)\n");

        Assert.Equal(kind, e.Kind);
        Assert.Equal(complaint, e.DecisiveLine);
        Assert.StartsWith("Rejected.cs(33,39): ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith(" (3 lines omitted)", e.Message, StringComparison.Ordinal);
        Assert.Equal(kind == VerifierErrorKind.Other, e.Advice.Length == 0);
    }

    [Theory]
    [InlineData("R1_w=inv(id=0,umax_value=65535,var_off=(0x0; 0xffff))", "scalar", 0, 65535, 65535UL)]
    [InlineData("R1=invP7", "scalar", 7, 7, 7UL)]
    [InlineData("R1=P-3", "scalar", -3, -3, 18446744073709551613UL)]
    [InlineData("R1=0x22e03", "scalar", 142851, 142851, 142851UL)]
    [InlineData("R1=scalar(smin=0xffffffff80000000,smax=smax32=63)", "scalar", -2147483648, 63, ulong.MaxValue)]
    [InlineData("R1=scalar(smin=smin32=0,smax=umax=smax32=umax32=0xffff,var_off=(0x0; 0xffff))", "scalar", 0, 65535, 65535UL)]
    [InlineData("R1=map_value(map=m(x),ks=4,vs=64)", "map_value", long.MinValue, long.MaxValue, ulong.MaxValue)]
    [InlineData("R0=5 R1=fp[0]-8 R10=fp0", "fp", 0, 0, 0UL)]
    public void States_of_registers_in_all_forms(string text, string type, long smallest, long largest, ulong unsigned)
    {
        RegisterState state = VerifierPath.Find(text, 1)!;

        Assert.Equal((type, smallest, largest, unsigned), (state.Type, state.Smallest, state.Largest, state.LargestUnsigned));
    }

    [Fact]
    public void A_path_goes_back_to_the_branch_that_the_next_one_begins_at()
    {
        VerifierLog log = VerifierLog.Parse(
            "0: (b7) r0 = 0\n1: (15) if r1 == 0x0 goto pc+3\n2: (15) if r2 == 0x0 goto pc+2\n3: (b7) r0 = 1\n4: (95) exit\n"
            + "from 2 to 5: R0=0\n5: (95) exit\nfrom 1 to 5: R0=0 R1=0\n5: (79) r0 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'\n");

        Assert.Equal([0, 1, 5], log.Path.Select(s => s.Slot));
        Assert.Equal(0, VerifierPath.Find(log.Path[2].Before, 1)!.Largest);
        Assert.Equal("R1 invalid mem access 'scalar'", Assert.Single(log.Complaints));
    }

    private static string[] Logs(string series) => [.. Directory.GetFiles(Path.Combine(s_folder, series), "*.log").Order(StringComparer.Ordinal)];

    private static VerifierRejectedException Explain(string program, string text)
    {
        VerifierLog log = VerifierLog.Parse(text);
        return new VerifierRejectedException(program, 13, log, VerifierExplanation.Of(log, Linker.Link(s_object, program)));
    }

    private static string Damage(string log, Random random)
    {
        if (random.Next(4) == 0)
        {
            int start = random.Next(log.Length);
            return log.Substring(start, random.Next(log.Length - start));
        }

        List<string> lines = [.. log.Split('\n')];
        for (int n = random.Next(1, 6); n > 0 && lines.Count > 1; n--)
        {
            int at = random.Next(lines.Count);
            string line = lines[at];
            switch (random.Next(5))
            {
                case 0:
                    lines.RemoveAt(at);
                    break;
                case 1:
                    lines.Insert(random.Next(lines.Count), line);
                    break;
                case 2:
                    lines[at] = line[..random.Next(line.Length + 1)];
                    break;
                case 3:
                    // A register, number or sign of another kind.
                    lines[at] = string.Concat(line.Select(c => random.Next(8) != 0 ? c : char.IsAsciiDigit(c) ? (char)random.Next('0', '9' + 1) : (char)random.Next(' ', '~')));
                    break;
                default:
                    (lines[at], lines[^1]) = (lines[^1], line);
                    break;
            }
        }

        return string.Join('\n', lines);
    }
}
