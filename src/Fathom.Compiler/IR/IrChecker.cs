using System;
using System.Collections.Generic;

namespace Fathom.Compiler.IR;

/// <summary>
/// Checks what every pass may rely on, naively: terminators, widths, one dominating definition for each use once in SSA, phis in step with
/// predecessors, pointer spaces at phis. A finding is a bug of the pass that ran before.
/// </summary>
internal static class IrChecker
{
    /// <summary>Throws if the function is broken.</summary>
    /// <param name="function">The function.</param>
    /// <param name="after">What ran before, for the message.</param>
    /// <param name="isSsa">Whether each register must have one definition that dominates its uses.</param>
    public static void Check(Function function, string after, bool isSsa)
    {
        foreach (var block in function.Blocks)
        {
            if (block.Instructions.Count == 0 || !block.Terminator.IsTerminator)
            {
                throw Broken(function, after, $"block b{block.Id} has no terminator", null);
            }
        }

        var flow = ControlFlow.Of(function);
        var definitions = new Dictionary<int, (Block Block, int Index)>();
        foreach (var block in function.Blocks)
        {
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                var instruction = block.Instructions[i];
                CheckShape(function, after, block, i);
                if (isSsa && flow.IsReachable(block) && instruction.Result >= 0)
                {
                    if (definitions.ContainsKey(instruction.Result))
                    {
                        throw Broken(function, after, "second definition", instruction);
                    }

                    definitions.Add(instruction.Result, (block, i));
                }
            }
        }

        if (isSsa)
        {
            foreach (var block in flow.Order)
            {
                CheckUses(function, after, flow, definitions, block);
            }
        }
    }

    private static void CheckUses(
        Function function,
        string after,
        ControlFlow flow,
        Dictionary<int, (Block Block, int Index)> definitions,
        Block block)
    {
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            var instruction = block.Instructions[i];
            if (instruction.Op == Opcode.Phi)
            {
                if (instruction.Targets.Length != block.Predecessors.Count)
                {
                    throw Broken(function, after, "phi out of step with predecessors", instruction);
                }

                foreach (var source in instruction.Targets)
                {
                    if (!block.Predecessors.Contains(source))
                    {
                        throw Broken(function, after, $"phi names b{source.Id}, which is no predecessor", instruction);
                    }
                }
            }

            for (int n = 0; n < instruction.Operands.Length; n++)
            {
                if (!definitions.TryGetValue(instruction.Operands[n], out var definition))
                {
                    throw Broken(function, after, $"v{instruction.Operands[n]} is never defined", instruction);
                }

                bool isPhi = instruction.Op == Opcode.Phi;
                var place = isPhi ? instruction.Targets[n] : block;
                bool dominates = definition.Block == place
                    ? isPhi || definition.Index < i
                    : flow.Dominates(definition.Block, place);
                if (!dominates)
                {
                    throw Broken(function, after, $"v{instruction.Operands[n]} is not defined on every way", instruction);
                }
            }
        }
    }

    private static void CheckShape(Function function, string after, Block block, int index)
    {
        var instruction = block.Instructions[index];
        if (instruction.IsTerminator != (index == block.Instructions.Count - 1))
        {
            throw Broken(function, after, "a terminator ends a block, and only it", instruction);
        }

        if (instruction.Op == Opcode.Phi && index >= block.PhiCount)
        {
            throw Broken(function, after, "a phi stands at the start of a block", instruction);
        }

        if (instruction.Op == Opcode.Parameter && block != function.Blocks[0])
        {
            throw Broken(function, after, "parameters are read in the entry block", instruction);
        }

        foreach (int operand in instruction.Operands)
        {
            if (operand < 0 || operand >= function.ValueCount)
            {
                throw Broken(function, after, "operand that does not exist", instruction);
            }
        }

        CheckTypes(function, after, instruction);
    }

    private static void CheckTypes(Function function, string after, IrInstruction instruction)
    {
        int Bits(int n) => function.TypeOf(instruction.Operands[n]).Bits;
        int result = instruction.Result < 0 ? 0 : function.TypeOf(instruction.Result).Bits;
        bool fits = instruction.Op switch
        {
            Opcode.Copy => Bits(0) == result,
            Opcode.Binary => Bits(0) == Bits(1) && Bits(0) == result,
            Opcode.Compare => Bits(0) == Bits(1) && result == 32,
            Opcode.Branch => Bits(0) == Bits(1) && instruction.Targets.Length == 2,
            Opcode.Convert when instruction.Conversion == Conversion.Truncate => Bits(0) == 64 && result == 32,
            Opcode.Convert when instruction.Conversion is Conversion.ZeroExtend or Conversion.SignExtend => Bits(0) == 32 && result == 64,
            Opcode.Convert => Bits(0) == 32 && result == 32,
            Opcode.Offset or Opcode.CoreOffset => Bits(0) == 64 && result == 64,
            Opcode.OffsetBy => Bits(0) == 64 && Bits(1) == 64 && result == 64,
            Opcode.Load or Opcode.Store or Opcode.Zero or Opcode.Atomic => Bits(0) == 64,
            Opcode.CopyMemory => Bits(0) == 64 && Bits(1) == 64,
            Opcode.Jump => instruction.Targets.Length == 1,
            Opcode.Return => Bits(0) == function.Result.Bits,
            Opcode.Constant => result != 32 || instruction.Immediate == (uint)instruction.Immediate,
            Opcode.Phi => PhiFits(function, instruction),
            _ => true,
        };
        if (!fits)
        {
            throw Broken(function, after, "types do not fit", instruction);
        }
    }

    private static bool PhiFits(Function function, IrInstruction phi)
    {
        var type = function.TypeOf(phi.Result);
        foreach (int operand in phi.Operands)
        {
            var source = function.TypeOf(operand);
            bool sameSpace = source.Space == type.Space || !source.IsPointer || !type.IsPointer || type.Space == PointerSpace.Unknown;
            if (source.Bits != type.Bits || !sameSpace)
            {
                return false;
            }
        }

        return phi.Operands.Length == phi.Targets.Length;
    }

    private static InvalidOperationException Broken(Function function, string after, string what, IrInstruction? instruction)
    {
        string where = instruction is null ? "" : $" at '{IrPrinter.Print(function, instruction)}'";
        return new InvalidOperationException($"After {after}, {function.Name} is broken: {what}{where}\n{IrPrinter.Print(function)}");
    }
}
