using System.IO;
using Xunit;

namespace Fathom.Runtime.Tests.Errors;

/// <summary>The decisive line of logs that kernels really wrote.</summary>
public sealed class VerifierLogTests
{
    private const string Structured = """
        0: R1=ctx() R10=fp0
        0: (95) exit
        R0 !read_ok

        Verification failed: Register Type Safety: Unreadable register

        Reason:
          R0 has never been initialized on this path, so the verifier cannot use it as an input.

        At:
          insn 7
                | ^-- error: R0 is not readable
          Instruction context:
          >>> 7 | (95) exit

        Causal path:
          no retained diagnostic events on this path

        Suggestion:
          Initialize R0 on every path before this instruction.

        processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
        """;

    [Theory]
    [InlineData("errno524.log", "JIT doesn't support bpf-to-bpf calls", -1, 1)]
    [InlineData("invalid-R0.log", "R0 !read_ok", 0, 3)]
    [InlineData("invalid-ctx-access.log", "invalid bpf_context access off=0 size=8", 0, 6)]
    [InlineData("issue-43.log", "[11] FUNC helper_func2 type_id=10 vlen != 0", -1, 24)]
    [InlineData("invalid-member.log", "[52] STRUCT task_struct size=7744 vlen=218: cpus_mask type_id=109 bitfield_size=0 bits_offset=7744 Invalid member", -1, 27)]
    public void The_decisive_line_of_a_real_log(string file, string line, int instruction, int omitted)
    {
        string path = Path.Combine(Corpora.Folder, "cilium-ebpf-testdata", "internal", "testdata", file);
        Assert.SkipUnless(File.Exists(path), $"The log {path} is not there; set FATHOM_CORPORA to the folder of the corpora.");

        VerifierLog log = VerifierLog.Parse(File.ReadAllText(path));

        Assert.Equal(line, log.DecisiveLine);
        Assert.Equal(instruction, log.Instruction);
        Assert.Equal(omitted, log.OmittedLines);
    }

    [Fact]
    public void The_reason_of_the_structured_form()
    {
        VerifierLog log = VerifierLog.Parse(Structured);

        Assert.Equal("R0 has never been initialized on this path, so the verifier cannot use it as an input.", log.DecisiveLine);
        Assert.Equal(7, log.Instruction);
    }

    [Theory]
    [InlineData("", "", -1)]
    [InlineData("processed 1 insns (limit 1000000)\n", "", -1)]
    [InlineData("func#0 @0\n0: R1=ctx() R10=fp0\n; return x; @ a.c:3\n12: (79) r0 = *(u64 *)(r1 +0)\nfrom 3 to 12: R0=0\ninvalid access\nverification time 12 usec\nstack depth 0+0\n", "invalid access", 12)]
    [InlineData("5: (85) call unknown#195896080\ninvalid func unknown#195896080\n", "invalid func unknown#195896080", 5)]
    public void Traces_and_statistics_are_no_reason(string text, string line, int instruction)
    {
        VerifierLog log = VerifierLog.Parse(text);

        Assert.Equal(line, log.DecisiveLine);
        Assert.Equal(instruction, log.Instruction);
    }
}
