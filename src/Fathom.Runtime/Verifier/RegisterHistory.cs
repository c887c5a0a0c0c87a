using System.Collections.Generic;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>Where the value of a register came from.</summary>
internal enum OriginKind
{
    /// <summary>Nowhere that can be told.</summary>
    Unknown,

    /// <summary>Nothing wrote it.</summary>
    Nothing,

    /// <summary>A load from memory or the context.</summary>
    Load,

    /// <summary>The result of a helper or function.</summary>
    Call,

    /// <summary>A constant.</summary>
    Constant,

    /// <summary>Computed from several values.</summary>
    Computed,

    /// <summary>An argument of the program, or of a callback.</summary>
    Argument,

    /// <summary>The frame.</summary>
    Frame,
}

/// <summary>The origin of a value: it is <c>Scale * origin + Bias</c>, unless the scale is 0, which means that this is not known.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Step">The step that made it, -1 if none did.</param>
/// <param name="Scale">Factor.</param>
/// <param name="Bias">What is added.</param>
internal readonly record struct RegisterOrigin(OriginKind Kind, int Step, long Scale = 1, long Bias = 0);

/// <summary>Follows values back along the path to where they came from, by the instructions of the program.</summary>
internal sealed class RegisterHistory
{
    private const int FrameRegister = 10;

    // Following a value back costs the length of the path, and may ask for others on the way: a log made on purpose would cost the square.
    private const int MostWork = 2_000_000;
    private readonly IReadOnlyList<VerifierStep> _steps;
    private readonly Dictionary<int, Instruction> _instructions = [];
    private int _work;

    public RegisterHistory(LinkedProgram program, IReadOnlyList<VerifierStep> steps)
    {
        _steps = steps;
        int slot = 0;
        foreach (Instruction instruction in program.Instructions)
        {
            _instructions[slot] = instruction;
            slot += instruction.SlotCount;
        }
    }

    /// <summary>The instruction of a step; null if the program has none there, as with a log of another program.</summary>
    public Instruction? At(int step) => step >= 0 && step < _steps.Count && _instructions.TryGetValue(_steps[step].Slot, out Instruction found) ? found : null;

    /// <summary>What the verifier knew of a register before a step; null if the log does not say.</summary>
    public RegisterState? StateBefore(int step, int register)
    {
        int frame = _steps[step].Frame;
        for (int i = step; i >= 0; i--)
        {
            VerifierStep at = _steps[i];
            if (!MayGoOn(at.Before.Length + at.After.Length))
            {
                return null;
            }

            if (i < step && at.Frame != frame)
            {
                if (at.Frame < frame)
                {
                    return null;
                }

                continue;
            }

            if (i < step)
            {
                if (At(i) is { IsCall: true } && register is >= 1 and <= 5)
                {
                    return null;
                }

                if ((VerifierPath.FrameOf(at.After) ?? 0) == frame && VerifierPath.Find(at.After, register) is { } after)
                {
                    return after;
                }

                if (Writes(At(i)) == register)
                {
                    return null;
                }
            }

            if ((VerifierPath.FrameOf(at.Before) ?? 0) == frame && VerifierPath.Find(at.Before, register) is { } before)
            {
                return before;
            }
        }

        return null;
    }

    /// <summary>The step that added a number to a pointer register, and the register with the number; null if none did.</summary>
    public (int Step, int Register)? FindIndex(int step, int pointer)
    {
        int frame = _steps[step].Frame;
        for (int i = step - 1; i >= 0 && MayGoOn(); i--)
        {
            if (_steps[i].Frame != frame)
            {
                if (_steps[i].Frame < frame && pointer is >= 1 and <= 5)
                {
                    frame = _steps[i].Frame;
                }

                continue;
            }

            if (At(i) is not { } instruction || Writes(instruction) != pointer)
            {
                continue;
            }

            if (!instruction.IsAlu || instruction.Class == InstructionClass.Alu32)
            {
                return null;
            }

            if (instruction.AluOperation == AluOperation.Move && instruction.UsesSourceRegister)
            {
                pointer = (int)instruction.Source;
            }
            else if (instruction.AluOperation is AluOperation.Add or AluOperation.Subtract && instruction.UsesSourceRegister)
            {
                bool isIndexFirst = StateBefore(i, pointer) is { IsNumber: true };
                int other = (int)instruction.Source;
                if (!isIndexFirst && StateBefore(i, other) is { IsNumber: true } number && number.Smallest == number.Largest)
                {
                    continue;
                }

                return (i, isIndexFirst ? pointer : other);
            }
        }

        return null;
    }

    /// <summary>Where the value of a register before a step came from.</summary>
    public RegisterOrigin Trace(int step, int register)
    {
        int frame = _steps[step].Frame;
        long scale = 1, bias = 0;
        int pendingShift = 0;
        for (int i = step - 1; i >= 0; i--)
        {
            if (!MayGoOn())
            {
                return new RegisterOrigin(OriginKind.Unknown, -1);
            }

            int depth = _steps[i].Frame;
            Instruction? found = At(i);
            if (depth > frame)
            {
                frame = register == 0 && depth == frame + 1 && found is { IsExit: true } && i + 1 < _steps.Count && _steps[i + 1].Frame == frame ? depth : frame;
                continue;
            }

            if (depth < frame)
            {
                // The step that entered this frame: a call, whose arguments are the same registers outside, unless a helper made them up.
                if (register is < 1 or > 5 || found is not { IsCall: true, Source: (Register)(byte)CallKind.Subprogram })
                {
                    return new RegisterOrigin(register is >= 1 and <= 5 ? OriginKind.Argument : OriginKind.Nothing, i, scale, bias);
                }

                frame = depth;
                continue;
            }

            if (found is not { } instruction)
            {
                return new RegisterOrigin(OriginKind.Unknown, -1);
            }

            if (instruction.IsCall && register <= 5)
            {
                return new RegisterOrigin(register == 0 ? OriginKind.Call : OriginKind.Nothing, i, scale, bias);
            }

            if (Writes(instruction) != register)
            {
                continue;
            }

            if (!instruction.IsAlu)
            {
                if (instruction.IsLoadImmediate64)
                {
                    return new RegisterOrigin(OriginKind.Constant, i, scale, bias);
                }

                if ((int)instruction.Source == FrameRegister && FindSpill(i, instruction) is { } spill)
                {
                    // Filled from where it was spilled to: go on at the store.
                    if (spill.Register < 0)
                    {
                        return new RegisterOrigin(OriginKind.Constant, spill.Step, scale, bias);
                    }

                    (i, register) = spill;
                    continue;
                }

                return new RegisterOrigin(OriginKind.Load, i, scale, bias);
            }

            switch (instruction.AluOperation)
            {
                case AluOperation.Move when !instruction.UsesSourceRegister:
                    return new RegisterOrigin(OriginKind.Constant, i, scale, bias);
                case AluOperation.Move when (int)instruction.Source == FrameRegister:
                    return new RegisterOrigin(OriginKind.Frame, i, scale, bias);
                case AluOperation.Move:
                    register = (int)instruction.Source;
                    break;
                case AluOperation.Add or AluOperation.Subtract when !instruction.UsesSourceRegister:
                    bias += scale * (instruction.AluOperation == AluOperation.Add ? instruction.Immediate : -instruction.Immediate);
                    break;
                case AluOperation.Multiply when !instruction.UsesSourceRegister:
                    scale *= instruction.Immediate;
                    break;
                case AluOperation.ShiftLeft when !instruction.UsesSourceRegister:
                    // Left and then right by the same is a conversion.
                    scale = pendingShift == (int)instruction.Immediate ? scale : pendingShift != 0 ? 0 : scale << (int)(instruction.Immediate & 63);
                    pendingShift = 0;
                    break;
                case AluOperation.ShiftRight or AluOperation.ShiftRightArithmetic when !instruction.UsesSourceRegister && instruction.Immediate >= 32:
                    pendingShift = (int)instruction.Immediate;
                    break;
                case AluOperation.And when !instruction.UsesSourceRegister:
                    break;
                case AluOperation.Add or AluOperation.Subtract when StateBefore(i, register) is { IsNumber: false }:
                    break;
                case AluOperation.Add when StateBefore(i, (int)instruction.Source) is { IsNumber: false }:
                    register = (int)instruction.Source;
                    break;
                default:
                    return new RegisterOrigin(OriginKind.Computed, i, scale, bias);
            }
        }

        return new RegisterOrigin(register == 1 ? OriginKind.Argument : OriginKind.Nothing, -1, scale, bias);
    }

    private bool MayGoOn(int characters = 0)
    {
        _work += 1 + (characters / 16);
        return _work < MostWork;
    }

    private (int Step, int Register)? FindSpill(int step, Instruction load)
    {
        for (int i = step - 1; i >= 0 && MayGoOn(); i--)
        {
            if (_steps[i].Frame == _steps[step].Frame && At(i) is { } store && store.Destination == Register.R10 && store.Offset == load.Offset
                && store.Class is InstructionClass.Store or InstructionClass.StoreX)
            {
                return (i, store.Class == InstructionClass.Store ? -1 : (int)store.Source);
            }
        }

        return null;
    }

    private static int Writes(Instruction? instruction) => instruction switch
    {
        null => -1,
        { IsCall: true } => 0,
        { Class: InstructionClass.Alu32 or InstructionClass.Alu64 or InstructionClass.Load or InstructionClass.LoadX } i => (int)i.Destination,
        { Class: InstructionClass.StoreX } i when (i.Opcode & 0xe0) == 0xc0 && (i.Immediate & (long)AtomicOperation.Fetch) != 0 =>
            i.Immediate == (long)AtomicOperation.CompareExchange ? 0 : (int)i.Source,
        _ => -1,
    };
}
