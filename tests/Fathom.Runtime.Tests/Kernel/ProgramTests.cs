using System;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

public sealed class ProgramTests
{
    [Theory]
    [InlineData("syscall", ProgramType.Syscall)]
    [InlineData("socket", ProgramType.SocketFilter)]
    [InlineData("xdp", ProgramType.Xdp)]
    [InlineData("tc", ProgramType.Classifier)]
    [InlineData("tcx/ingress", ProgramType.Classifier)]
    [InlineData("perf_event", ProgramType.PerfEvent)]
    [InlineData("raw_tp/sys_enter", ProgramType.RawTracepoint)]
    [InlineData("raw_tracepoint/sys_enter", ProgramType.RawTracepoint)]
    [InlineData("tp_btf/sys_enter", ProgramType.Tracing)]
    [InlineData("tracepoint/syscalls/sys_enter_openat", ProgramType.Tracepoint)]
    [InlineData("tp/syscalls/sys_enter_openat", ProgramType.Tracepoint)]
    public void A_program_of_each_type_is_loaded(string section, ProgramType type)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.Object([Samples.Returning("probe", section, 0)]));

        BpfProgram program = loaded.GetProgram("probe");
        Assert.Equal(type, program.Type);
        Assert.Empty(loaded.Notes);
        Assert.True(program.GetInfo().Id > 0);
        Assert.Equal(2, program.GetInfo().VerifiedInstructions);
    }

    [Fact]
    public void A_syscall_program_is_run_and_writes_its_context()
    {
        var function = new BpfFunction
        {
            Name = "add",
            Section = "syscall",
            Instructions =
            [
                Instruction.Load(MemorySize.Word, Register.R2, Register.R1, 0),
                Instruction.Alu64(AluOperation.Add, Register.R2, 5),
                Instruction.Store(MemorySize.Word, Register.R1, 4, Register.R2),
                Instruction.Alu64(AluOperation.Move, Register.R0, 17),
                Instruction.Exit(),
            ],
        };
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.Object([function]));
        byte[] context = new byte[8];
        context[0] = 37;

        TestRunResult result = loaded.GetProgram("add").TestRun(context);

        Assert.Equal(17u, result.ReturnValue);
        Assert.Equal(42, BinaryPrimitives.ReadInt32LittleEndian(context.AsSpan(4)));
    }

    [Theory]
    [InlineData("xdp", 2)]
    [InlineData("tc", 2)]
    public void A_network_program_is_run_on_a_packet(string section, int verdict)
    {
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.Object([Samples.Returning("probe", section, verdict)]));
        byte[] packet = new byte[64];
        packet[20] = 0x45;
        byte[] result = new byte[128];

        TestRunResult run = loaded.GetProgram("probe").TestRun(packet: packet, packetOut: result);

        Assert.Equal((uint)verdict, run.ReturnValue);
        Assert.Equal(64, run.PacketSize);
        Assert.Equal(packet, result[..64]);
    }

    [Fact]
    public void A_constant_is_seen_by_the_verifier_and_dead_code_goes()
    {
        // A branch on a constant of .rodata: not taken, so that the verifier never sees the load from address zero.
        var function = new BpfFunction
        {
            Name = "choose",
            Section = "syscall",
            Instructions =
            [
                Instruction.LoadImmediate64(Register.R1, 0),
                Instruction.Load(MemorySize.Word, Register.R0, Register.R1, 0),
                Instruction.Jump64(JumpOperation.Equal, Register.R0, 23, 2),
                Instruction.Alu64(AluOperation.Move, Register.R1, 0),
                Instruction.Load(MemorySize.Word, Register.R0, Register.R1, 0),
                Instruction.Exit(),
            ],
            References = [new Reference(0, ReferenceKind.Data, ".rodata", 4)],
        };
        BpfObject definition = Samples.Object([function], [Samples.Section(".rodata", new byte[8], isReadOnly: true)]);
        var options = new LoadOptions();
        options.SetConstant(4, 23);

        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition, options);

        Assert.Equal(23u, loaded.GetProgram("choose").TestRun().ReturnValue);
        MapException e = Assert.Throws<MapException>(() => loaded.GetMap(".rodata").Update(new byte[4], new byte[8]));
        Assert.Equal("EPERM", e.ErrorName);
        Assert.Throws<VerifierRejectedException>(() => LoadedObject.Load(Runtime.Kernel.Running, definition));
    }

    [Fact]
    public void Globals_are_shared_with_the_program()
    {
        byte[] initial = new byte[16];
        initial[8] = 41;
        BpfFunction function = Samples.Counting("count", "syscall", ".data");
        BpfObject definition = Samples.Object(
            [function with { References = [new Reference(0, ReferenceKind.Data, ".data", 8)] }], [Samples.Section(".data", initial)]);
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), definition);
        ref ulong value = ref loaded.GetGlobal<ulong>(".data", 8);

        Assert.Equal(41UL, value);
        Assert.Equal(41u, loaded.GetProgram("count").TestRun().ReturnValue);
        Assert.Equal(42UL, value);
        value = 99;
        Assert.Equal(99u, loaded.GetProgram("count").TestRun().ReturnValue);
        Assert.Throws<ArgumentOutOfRangeException>(() => loaded.GetGlobal<ulong>(".data", 9));
    }

    [Fact]
    public void Optional_and_unwanted_programs_are_left_out()
    {
        BpfObject definition = Samples.Object(
        [
            Samples.Returning("always", "syscall", 0), Samples.Returning("optional", "?syscall", 0), Samples.Returning("unwanted", "syscall", 0),
        ]);
        var options = new LoadOptions { Without = { "unwanted" } };
        using (LoadedObject loaded = LoadedObject.Load(Require.Root(), definition, options))
        {
            Assert.Equal("always", Assert.Single(loaded.Programs).Name);
        }

        options.With.Add("optional");
        using (LoadedObject loaded = LoadedObject.Load(Require.Root(), definition, options))
        {
            Assert.Equal(2, loaded.Programs.Count);
            Assert.Equal("optional", loaded.GetProgram("optional").Name);
        }
    }

    [Fact]
    public void A_rejection_names_the_line_of_the_source()
    {
        (byte[] btf, int typeId) = Samples.FunctionTypes("bad");
        var function = new BpfFunction
        {
            Name = "bad",
            Section = "syscall",
            Instructions = [Instruction.Alu64(AluOperation.Move, Register.R0, Register.R3), Instruction.Exit()],
            Lines = [new LineInfo(0, "Probe.Bpf.cs", "return missing;", 12, 9), new LineInfo(1, "Probe.Bpf.cs", "}", 13, 5)],
            TypeId = typeId,
        };

        VerifierRejectedException e = Assert.Throws<VerifierRejectedException>(
            () => LoadedObject.Load(Require.Root(), Samples.Object([function]) with { Btf = btf }));

        Assert.Equal("R3 !read_ok", e.DecisiveLine);
        Assert.Equal("Probe.Bpf.cs(12,9)", e.Position);
        Assert.Contains("return missing;", e.Log, StringComparison.Ordinal);
        Assert.StartsWith("Probe.Bpf.cs(12,9): a value is used that has none on this path: give it one on every path that leads here [R3 !read_ok] (verifying bad: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("lines omitted)", e.Message, StringComparison.Ordinal);
        Assert.Equal("EACCES", e.ErrorName);
    }

    [Fact]
    public void A_helper_that_the_type_may_not_call_is_named()
    {
        var function = new BpfFunction
        {
            Name = "adjust",
            Section = "syscall",
            Instructions = [Instruction.Alu64(AluOperation.Move, Register.R2, 0), Instruction.Call(CallKind.Helper, 44), Instruction.Exit()],
        };

        VerifierRejectedException e = Assert.Throws<VerifierRejectedException>(() => LoadedObject.Load(Require.Root(), Samples.Object([function])));

        Assert.Equal(VerifierErrorKind.HelperNotAllowed, e.Kind);
        Assert.StartsWith("a program of this type may not call bpf_xdp_adjust_head", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_tracepoint_is_named()
    {
        BpfException e = Assert.Throws<FeatureNotSupportedException>(
            () => LoadedObject.Load(Require.Root(), Samples.Object([Samples.Returning("probe", "tp_btf/no_such_tracepoint", 0)])));

        Assert.Contains("no_such_tracepoint", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_log_is_read_whole()
    {
        // A long straight program with an error at its end: the log is longer than the first buffer.
        ImmutableArray<Instruction>.Builder code = ImmutableArray.CreateBuilder<Instruction>();
        for (int i = 0; i < 4000; i++)
        {
            code.Add(Instruction.Alu64(AluOperation.Move, Register.R0, i));
        }

        code.Add(Instruction.Load(MemorySize.Double, Register.R0, Register.R0, 0));
        code.Add(Instruction.Exit());
        var function = new BpfFunction { Name = "long", Section = "syscall", Instructions = code.ToImmutable() };

        VerifierRejectedException e = Assert.Throws<VerifierRejectedException>(() => LoadedObject.Load(Require.Root(), Samples.Object([function])));

        Assert.True(e.Log.Length > 64 * 1024);
        Assert.StartsWith("0: ", e.Log, StringComparison.Ordinal);
        Assert.Equal("R0 invalid mem access 'scalar'", e.DecisiveLine);
    }
}
