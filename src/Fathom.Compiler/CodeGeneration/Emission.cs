using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>From allocated machine code to a function of an object: order of blocks, distances of jumps, references, line info.</summary>
internal sealed class Emission
{
    private readonly MachineFunction _function;
    private readonly DataLayout _data;
    private readonly int _instructionSet;
    private readonly List<CompilerProblem> _problems;
    private readonly List<(Instruction Instruction, MachineBlock? Target)> _code = [];
    private readonly List<int> _slotNumbers = [];
    private readonly List<Reference> _references = [];
    private readonly List<CoreRelocation> _core = [];
    private readonly List<LineInfo> _lines = [];
    private readonly List<Format.Objects.InlinedCall> _inlined = [];
    private readonly Dictionary<IR.InlinedCall, int> _inlinedIndexes = [];
    private readonly Dictionary<MachineBlock, int> _starts = [];
    private SourcePosition? _position;
    private int _slot;

    private Emission(MachineFunction function, DataLayout data, int instructionSet, List<CompilerProblem> problems)
    {
        _function = function;
        _data = data;
        _instructionSet = instructionSet;
        _problems = problems;
    }

    public static BpfFunction Run(MachineFunction function, DataLayout data, int instructionSet, List<CompilerProblem> problems) =>
        new Emission(function, data, instructionSet, problems).Run();

    private BpfFunction Run()
    {
        var blocks = _function.Blocks;
        _position = blocks.SelectMany(b => b.Instructions).Select(i => i.Position).FirstOrDefault(p => p is not null);
        if (_position is not null)
        {
            AddLine(_position);
        }

        for (int b = 0; b < blocks.Count; b++)
        {
            _starts.Add(blocks[b], _slot);
            var next = b + 1 < blocks.Count ? blocks[b + 1] : null;
            Emit(blocks[b], next);
        }

        return new BpfFunction
        {
            Name = _function.Source.Name,
            Section = _function.Source.Section,
            TypeId = _function.Source.TypeId,
            Instructions = [.. _code.Select((c, i) => Resolve(c.Instruction, c.Target, i))],
            References = [.. _references],
            CoreRelocations = [.. _core],
            Lines = [.. _lines],
            InlinedCalls = [.. _inlined],
        };
    }

    private void Emit(MachineBlock block, MachineBlock? next)
    {
        var instructions = block.Instructions;
        for (int i = 0; i < instructions.Count; i++)
        {
            var instruction = instructions[i];
            if (instruction.IsUnconditional && instruction.Target == next)
            {
                continue;
            }

            bool jumpsOver = i + 2 == instructions.Count && instruction.HasTarget && !instruction.IsUnconditional
                && instruction.Target == next && instructions[i + 1].IsUnconditional;
            // A test of bits has no opposite.
            if (jumpsOver && (JumpOperation)(instruction.Opcode & 0xf0) != JumpOperation.AnyBitSet)
            {
                // "if a goto next; goto other" is "if !a goto other".
                instruction = instruction.Clone();
                instruction.Opcode = Invert(instruction.Opcode);
                instruction.Target = instructions[i + 1].Target;
                Emit(instruction);
                break;
            }

            Emit(instruction);
        }
    }

    private void Emit(MachineInstruction instruction)
    {
        if (instruction.Position is { } position && !position.Equals(_position))
        {
            _position = position;
            AddLine(position);
        }

        if (instruction.IsFrameAddress)
        {
            long offset = _function.Slots[instruction.Slot].FrameOffset + instruction.Immediate;
            Add(Instruction.Alu64(AluOperation.Move, (Register)instruction.Destination, Register.R10));
            Add(Instruction.Alu64(AluOperation.Add, (Register)instruction.Destination, (int)offset));
            return;
        }

        long immediate = instruction.Immediate;
        if (instruction.Reference is { } reference)
        {
            _references.Add(Reference(reference, instruction));
            immediate = instruction.IsCall ? -1 : 0;
        }

        if (instruction.Core is { } core)
        {
            _core.Add(new CoreRelocation(_code.Count, core.TypeId, core.Access, core.Kind));
        }

        int frameOffset = instruction.Slot >= 0 ? _function.Slots[instruction.Slot].FrameOffset : 0;
        int source = instruction.Source >= 0 ? instruction.Source : instruction.Kind;
        int destination = instruction.Destination >= 0 ? instruction.Destination : 0;
        Add(
            new Instruction(instruction.Opcode, (Register)destination, (Register)source, (short)(instruction.Offset + frameOffset), immediate),
            instruction.Target);
    }

    private Reference Reference(object reference, MachineInstruction instruction) => reference switch
    {
        string map => new Reference(_code.Count, ReferenceKind.Map, map),
        Global global => new Reference(_code.Count, ReferenceKind.Data, DataLayout.NameOf(global.Section), _data.OffsetOf(global) + instruction.Immediate),
        Function function when instruction.IsCall => new Reference(_code.Count, ReferenceKind.Call, function.Name),
        Function function => new Reference(_code.Count, ReferenceKind.FunctionAddress, function.Name),
        _ => throw new System.InvalidOperationException("Unknown reference."),
    };

    private void Add(Instruction instruction, MachineBlock? target = null)
    {
        _slotNumbers.Add(_slot);
        _code.Add((instruction, target));
        _slot += instruction.SlotCount;
    }

    private void AddLine(SourcePosition position)
    {
        var line = new LineInfo(
            _code.Count, position.File ?? "", position.Text, position.Line, System.Math.Min(position.Column, 1023), position.Length, IndexOf(position.Inlined));
        if (_lines.Count > 0 && _lines[_lines.Count - 1].Instruction == line.Instruction)
        {
            _lines[_lines.Count - 1] = line;
        }
        else
        {
            _lines.Add(line);
        }
    }

    private int IndexOf(IR.InlinedCall? call)
    {
        if (call is null)
        {
            return -1;
        }

        if (!_inlinedIndexes.TryGetValue(call, out int index))
        {
            int outer = IndexOf(call.Call.Inlined);
            index = _inlined.Count;
            _inlined.Add(new Format.Objects.InlinedCall(call.Method, call.Call.File ?? "", call.Call.Line, System.Math.Min(call.Call.Column, 1023), outer));
            _inlinedIndexes.Add(call, index);
        }

        return index;
    }

    private Instruction Resolve(Instruction instruction, MachineBlock? target, int index)
    {
        if (target is null)
        {
            return instruction;
        }

        int distance = _starts[target] - _slotNumbers[index] - 1;
        if (distance == (short)distance)
        {
            return instruction with { Offset = (short)distance };
        }

        if (_instructionSet >= 4 && instruction.JumpOperation == JumpOperation.Always)
        {
            return Instruction.GotoLong(distance);
        }

        _problems.Add(new CompilerProblem(
            _function.Source.Name,
            null,
            "The method is too long: a jump in it is over more than 32767 instructions. Move parts into subprograms."));
        return instruction;
    }

    private static byte Invert(byte opcode)
    {
        var inverse = (JumpOperation)(opcode & 0xf0) switch
        {
            JumpOperation.Equal => JumpOperation.NotEqual,
            JumpOperation.NotEqual => JumpOperation.Equal,
            JumpOperation.GreaterUnsigned => JumpOperation.LessOrEqualUnsigned,
            JumpOperation.GreaterOrEqualUnsigned => JumpOperation.LessUnsigned,
            JumpOperation.LessUnsigned => JumpOperation.GreaterOrEqualUnsigned,
            JumpOperation.LessOrEqualUnsigned => JumpOperation.GreaterUnsigned,
            JumpOperation.GreaterSigned => JumpOperation.LessOrEqualSigned,
            JumpOperation.GreaterOrEqualSigned => JumpOperation.LessSigned,
            JumpOperation.LessSigned => JumpOperation.GreaterOrEqualSigned,
            JumpOperation.LessOrEqualSigned => JumpOperation.GreaterSigned,
            var other => throw new System.InvalidOperationException($"{other} has no inverse."),
        };
        return (byte)((opcode & 0x0f) | (byte)inverse);
    }
}
