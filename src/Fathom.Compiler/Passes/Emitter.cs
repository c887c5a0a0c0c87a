using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Passes;

/// <summary>Writes the instructions that replace another: same position, and the last may take over its result.</summary>
internal sealed class Emitter(Function function, List<IrInstruction> output, IrInstruction origin)
{
    public int Constant(IrType type, long value) =>
        Define(new IrInstruction(Opcode.Constant) { Immediate = type.Bits == 32 ? (uint)value : value }, type);

    public int Binary(BinaryOperation operation, int left, int right, int result = -1) =>
        Define(
            new IrInstruction(Opcode.Binary) { Kind = (byte)operation, Operands = [left, right], Result = result },
            new IrType(function.TypeOf(left).Bits));

    public int Convert(Conversion conversion, int value, int result = -1) =>
        Define(
            new IrInstruction(Opcode.Convert) { Kind = (byte)conversion, Operands = [value], Result = result },
            conversion is Conversion.ZeroExtend or Conversion.SignExtend ? IrType.I64 : IrType.I32);

    public int Load(int pointer, long offset, MemorySize size) =>
        Define(
            new IrInstruction(Opcode.Load) { Operands = [pointer], Immediate = offset, Size = size },
            size == MemorySize.Double ? IrType.I64 : IrType.I32);

    public void Store(int pointer, long offset, MemorySize size, int value) =>
        Add(new IrInstruction(Opcode.Store) { Operands = [pointer, value], Immediate = offset, Size = size });

    public int Define(IrInstruction instruction, IrType type)
    {
        if (instruction.Result < 0)
        {
            instruction.Result = function.NewValue(type);
        }

        Add(instruction);
        return instruction.Result;
    }

    private void Add(IrInstruction instruction)
    {
        instruction.Position = origin.Position;
        output.Add(instruction);
    }
}
