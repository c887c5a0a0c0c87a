using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>An instruction of a function and where it leads.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Kind">Where it leads.</param>
/// <param name="Target">The address that it may jump to, or calls; 0 if it says none.</param>
/// <param name="StackChange">Bytes by which it moves the stack pointer, a call's own and its return together; null if that is not known.</param>
internal readonly record struct FlowStep(ulong Address, int Length, FlowKind Kind, ulong Target, int? StackChange)
{
    /// <summary>Whether it calls a place inside its function.</summary>
    public bool IsInnerCall { get; init; }

    /// <summary>The instruction behind it, if it may go on there; otherwise null.</summary>
    public ulong? Next => RunsOn(Kind) || Kind == FlowKind.Call ? Address + (ulong)Length : null;

    /// <summary>Where it may jump; null if nowhere, or where it does not say.</summary>
    public ulong? Jump => Target != 0 && Kind != FlowKind.Call ? Target : null;

    /// <summary>What an instruction does.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="kind">Where it leads, as its function has it.</param>
    public static FlowStep Of(in Instruction instruction, FlowKind kind) =>
        new(
            instruction.IP, instruction.Length, kind,
            kind is FlowKind.Jump or FlowKind.Branch or FlowKind.Call ? instruction.NearBranchTarget : 0, StackChangeOf(instruction, kind))
        {
            IsInnerCall = kind == FlowKind.Branch && instruction.FlowControl == FlowControl.Call,
        };

    /// <summary>Whether what lies behind such an instruction is certainly its function's too.</summary>
    public static bool RunsOn(FlowKind kind) => kind is FlowKind.Next or FlowKind.Branch;

    private static int? StackChangeOf(in Instruction instruction, FlowKind kind) =>
        kind == FlowKind.Call ? 0
        : instruction.IsStackInstruction || instruction.FlowControl == FlowControl.Call
            ? instruction.Mnemonic is Mnemonic.Push or Mnemonic.Pop && !IsStack(instruction, 0) ? instruction.StackPointerIncrement : null
        : IsStack(instruction, 1) && instruction.Mnemonic is Mnemonic.Xchg or Mnemonic.Xadd ? null
        : !IsStack(instruction, 0) || instruction.Mnemonic is Mnemonic.Cmp or Mnemonic.Test ? 0
        : instruction.Op0Register is Register.SP or Register.SPL ? null
        : instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate8to32 or OpKind.Immediate32
            ? instruction.Mnemonic switch
            {
                Mnemonic.Add => (int)instruction.GetImmediate(1),
                Mnemonic.Sub => -(int)instruction.GetImmediate(1),
                _ => null,
            }
            : null;

    private static bool IsStack(in Instruction instruction, int operand) =>
        instruction.OpCount > operand && instruction.GetOpKind(operand) == OpKind.Register
        && instruction.GetOpRegister(operand).GetFullRegister() == Register.RSP;
}

/// <summary>Where an instruction leads.</summary>
internal enum FlowKind
{
    /// <summary>There is no instruction.</summary>
    None,

    /// <summary>To the next one.</summary>
    Next,

    /// <summary>To another function, and to the next instruction, if it comes back.</summary>
    Call,

    /// <summary>To its target.</summary>
    Jump,

    /// <summary>To its target or to the next one.</summary>
    Branch,

    /// <summary>Out of the function, or nowhere.</summary>
    End,

    /// <summary>Where a register or memory says.</summary>
    Indirect,
}
