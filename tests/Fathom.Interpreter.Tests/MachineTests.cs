using System;
using Fathom.Format.Instructions;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Interpreter.Tests;

public sealed class MachineTests
{
    [Fact]
    public void The_step_limit_holds_to_the_instruction()
    {
        InterpretedProgram program = Guest.Program("mov %r0, 1\nmov %r0, 2\nexit");
        Machine machine = new() { StepLimit = 3 };
        Assert.Equal(new RunResult(2, 3), machine.Run(program));
        machine.StepLimit = 2;
        StepLimitException stopped = Assert.Throws<StepLimitException>(() => machine.Run(program));
        Assert.Equal(2, stopped.Limit);
        Assert.Equal(2, stopped.Position.Instruction);
        Assert.Throws<StepLimitException>(() => machine.Run("loop:\nja loop\nexit"));
    }

    [Fact]
    public void Steps_in_callbacks_count()
    {
        Machine machine = new();
        RunResult result = machine.Run(Loop(10));
        Assert.Equal(10UL, result.Value);
        // Six of the program, two of each call.
        Assert.Equal(6 + (10 * 2), result.Steps);
        machine.StepLimit = 25;
        Assert.Throws<StepLimitException>(() => machine.Run(Loop(10)));
    }

    [Fact]
    public void Eight_frames_nest_and_no_more()
    {
        // Calls itself while R1 is not 0.
        InterpretedProgram program = Guest.Program("start:\njeq %r1, 0, +2\nsub %r1, 1\ncall local start\nmov %r0, 5\nexit");
        Machine machine = new();
        Assert.Equal(5UL, machine.Invoke(program, 7).Value);
        BadProgramException stopped = Assert.Throws<BadProgramException>(() => machine.Invoke(program, 8));
        Assert.Contains("more than 8 calls nest", stopped.Message, StringComparison.Ordinal);
        // The machine is as good as before.
        Assert.Equal(5UL, machine.Invoke(program, 7).Value);
    }

    [Theory]
    [InlineData("mov %r10, 1\nexit", "writes the frame pointer")]
    [InlineData("ja +1\nexit", "where no instruction starts")]
    [InlineData("ja +1\nlddw %r0, 1\nexit", "")]
    [InlineData("call local +7\nexit", "where no instruction starts")]
    public void What_leads_nowhere_is_refused_before_it_runs(string assembly, string problem)
    {
        if (problem.Length == 0)
        {
            // Into the middle of a 64-bit immediate.
            Assert.Throws<ArgumentException>(() => InterpretedProgram.Create(
                [Instruction.Goto(1), Instruction.LoadImmediate64(Register.R0, 1), Instruction.Exit()]));
            return;
        }

        Assert.Contains(problem, Assert.Throws<ArgumentException>(() => Guest.Program(assembly)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ImmediateKind.KernelVariable)]
    [InlineData(ImmediateKind.MapIndex)]
    [InlineData(ImmediateKind.MapIndexValue)]
    public void What_is_not_resolved_is_refused(ImmediateKind kind) => Assert.Contains(
        "resolve it",
        Assert.Throws<ArgumentException>(() => InterpretedProgram.Create([Instruction.LoadImmediate64(Register.R0, 1, kind), Instruction.Exit()])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Running_over_the_end_is_an_error() =>
        Assert.Contains("over its end", Assert.Throws<BadProgramException>(() => new Machine().Run("mov %r0, 1")).Message, StringComparison.Ordinal);

    [Fact]
    public void Calls_keep_nothing_in_the_argument_registers()
    {
        Machine machine = new();
        ulong afterHelper = machine.Run("mov %r3, 77\ncall 8\nmov %r0, %r3\nexit").Value;
        ulong afterSubprogram = machine.Run("mov %r3, 77\ncall local sub\nmov %r0, %r3\nexit\nsub:\nmov %r0, 0\nexit").Value;
        ulong inSubprogram = machine.Run("mov %r6, 77\ncall local sub\nexit\nsub:\nmov %r0, %r6\nexit").Value;
        Assert.All([afterHelper, afterSubprogram, inSubprogram], static value => Assert.NotEqual(77UL, value));
    }

    [Fact]
    public void Tail_calls_hand_the_context_on_and_end_after_33()
    {
        Machine machine = new();
        ProgramArrayMap programs = Assert.IsType<ProgramArrayMap>(machine.AddMap(Guest.Map(MapType.ProgramArray, 4, 4, 2)));
        // Counts in the context, calls itself, and gives 3 when it may no longer.
        InterpretedProgram program = InterpretedProgram.Create(
        [
            Instruction.Alu64(AluOperation.Move, Register.R2, 1),
            Instruction.Atomic(AtomicOperation.Add, MemorySize.Double, Register.R1, 0, Register.R2),
            Instruction.LoadImmediate64(Register.R2, programs.Descriptor, ImmediateKind.MapDescriptor),
            Instruction.Alu64(AluOperation.Move, Register.R3, 1),
            Instruction.Call(CallKind.Helper, 12),
            Instruction.Alu64(AluOperation.Move, Register.R0, 3),
            Instruction.Exit(),
        ]);
        byte[] context = new byte[8];
        Assert.Equal(3UL, machine.Run(program, context).Value);
        Assert.Equal(1, context[0]);
        programs[1] = program;
        Assert.Equal(3UL, machine.Run(program, context).Value);
        Assert.Equal(1 + 34, context[0]);
        programs[1] = Guest.Program("mov %r0, 9\nexit");
        Assert.Equal(9UL, machine.Run(program, context).Value);
    }

    [Fact]
    public void An_unknown_helper_is_named_and_can_be_given()
    {
        Machine machine = new();
        UnknownHelperException unknown = Assert.Throws<UnknownHelperException>(() => machine.Run("call 27\nexit"));
        Assert.Equal(27, unknown.Number);
        Assert.Equal("bpf_get_stackid", unknown.Name);
        machine.SetHelper(27, static (_, _, _, _, _, _) => 11);
        Assert.Equal(11UL, machine.Run("call 27\nexit").Value);
        machine.SetHelper(27, null);
        Assert.Throws<UnknownHelperException>(() => machine.Run("call 27\nexit"));
    }

    [Theory]
    [InlineData(1, "bpf_map_lookup_elem")]
    [InlineData(131, "bpf_ringbuf_reserve")]
    [InlineData(181, "bpf_loop")]
    [InlineData(211, "bpf_cgrp_storage_delete")]
    [InlineData(212, "without a name 212")]
    public void Helpers_have_the_kernels_names(int number, string name) => Assert.Equal(name, HelperNames.NameOf(number));

    [Fact]
    public void A_helper_cannot_run_the_machine_that_runs_it()
    {
        Machine machine = new();
        InterpretedProgram program = Guest.Program("call 999\nexit");
        machine.SetHelper(999, (m, _, _, _, _, _) => m.Run(program).Value);
        Assert.Throws<InvalidOperationException>(() => machine.Run(program));
    }

    [Fact]
    public void A_cpu_that_is_not_there_runs_nothing()
    {
        Machine machine = new(cpuCount: 2) { State = { Cpu = 2 } };
        Assert.Contains("CPU 2", Assert.Throws<InvalidOperationException>(() => machine.Run("exit")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Machine(cpuCount: 0));
    }

    [Fact]
    public void Stacks_hold_what_the_machine_says()
    {
        Machine machine = new() { Fill = 0x3c };
        Assert.Equal(0x3c3c_3c3c_3c3c_3c3cUL, machine.Run("ldxdw %r0, [%r10-512]\nexit").Value);
    }

    /// <summary>Runs an empty body a number of times by bpf_loop.</summary>
    private static InterpretedProgram Loop(int count) => InterpretedProgram.Create(
    [
        Instruction.Alu64(AluOperation.Move, Register.R1, count),
        Instruction.LoadImmediate64(Register.R2, 5, ImmediateKind.Function),
        Instruction.Alu64(AluOperation.Move, Register.R3, 0),
        Instruction.Alu64(AluOperation.Move, Register.R4, 0),
        Instruction.Call(CallKind.Helper, 181),
        Instruction.Exit(),
        Instruction.Alu64(AluOperation.Move, Register.R0, 0),
        Instruction.Exit(),
    ]);
}
