using System.Collections.Generic;
using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.Passes;

/// <summary>
/// Legalisation.
/// Replaces what the instruction set has not: before v4, signed division and sign-extending loads. Reads and writes single
/// instructions. Invariant: SSA; afterwards no DivideSigned, ModuloSigned or signed load is left unless the set has them.
/// </summary>
internal sealed class Legalize(int instructionSet) : IPass
{
    public bool Run(Function function)
    {
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            List<IrInstruction>? output = null;
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                var instruction = block.Instructions[i];
                if (!IsIllegal(function, instruction))
                {
                    output?.Add(instruction);
                    continue;
                }

                output ??= block.Instructions.GetRange(0, i);
                Replace(function, output, instruction);
            }

            if (output is not null)
            {
                block.Instructions.Clear();
                block.Instructions.AddRange(output);
                changed = true;
            }
        }

        return changed;
    }

    private bool IsIllegal(Function function, IrInstruction instruction) => instruction.Op switch
    {
        Opcode.Binary => instructionSet < 4 && instruction.Binary is BinaryOperation.DivideSigned or BinaryOperation.ModuloSigned,
        // The sign-extending load of v4 fills 64 bits, which is no canonical 32-bit value.
        Opcode.Load when instruction.Flag =>
            instruction.Size == MemorySize.Double || instructionSet < 4 || function.TypeOf(instruction.Result).Bits == 32,
        _ => false,
    };

    private static void Replace(Function function, List<IrInstruction> output, IrInstruction instruction)
    {
        var emit = new Emitter(function, output, instruction);
        if (instruction.Op == Opcode.Load)
        {
            ReplaceLoad(function, output, instruction, emit);
        }
        else
        {
            ReplaceDivision(function, instruction, emit);
        }
    }

    private static void ReplaceLoad(Function function, List<IrInstruction> output, IrInstruction load, Emitter emit)
    {
        load.Flag = false;
        output.Add(load);
        if (load.Size == MemorySize.Double)
        {
            return;
        }

        int result = load.Result;
        load.Result = function.NewValue(IrType.I32);
        int value = load.Result;
        bool isWide = function.TypeOf(result).Bits == 64;
        if (load.Size != MemorySize.Word)
        {
            var conversion = load.Size == MemorySize.Byte ? Conversion.SignExtend8 : Conversion.SignExtend16;
            value = emit.Convert(conversion, value, isWide ? -1 : result);
        }

        if (isWide)
        {
            emit.Convert(Conversion.SignExtend, value, result);
        }
        else if (load.Size == MemorySize.Word)
        {
            load.Result = result;
        }
    }

    // |a| / |b| with the sign put back by (x ^ s) - s, where s is 0 or -1. The magnitude of the smallest number is itself, unsigned, so
    // smallest / -1 wraps. Division by zero gives 0 and remainder by zero the left operand, as the unsigned instructions do.
    private static void ReplaceDivision(Function function, IrInstruction division, Emitter emit)
    {
        int left = division.Operands[0];
        int right = division.Operands[1];
        int bits = function.TypeOf(left).Bits;
        int last = emit.Constant(new IrType((byte)bits), bits - 1);
        int leftSign = emit.Binary(BinaryOperation.ShiftRightArithmetic, left, last);
        int rightSign = emit.Binary(BinaryOperation.ShiftRightArithmetic, right, last);
        int leftSize = Magnitude(emit, left, leftSign);
        int rightSize = Magnitude(emit, right, rightSign);
        bool isDivision = division.Binary == BinaryOperation.DivideSigned;
        int magnitude = emit.Binary(isDivision ? BinaryOperation.DivideUnsigned : BinaryOperation.ModuloUnsigned, leftSize, rightSize);
        int sign = isDivision ? emit.Binary(BinaryOperation.Xor, leftSign, rightSign) : leftSign;
        int flipped = emit.Binary(BinaryOperation.Xor, magnitude, sign);
        emit.Binary(BinaryOperation.Subtract, flipped, sign, division.Result);
    }

    private static int Magnitude(Emitter emit, int value, int sign) =>
        emit.Binary(BinaryOperation.Subtract, emit.Binary(BinaryOperation.Xor, value, sign), sign);
}
