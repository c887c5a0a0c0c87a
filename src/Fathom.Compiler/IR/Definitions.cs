using System.Collections.Generic;

namespace Fathom.Compiler.IR;

/// <summary>The defining instruction of each register, in SSA, and questions that follow from it.</summary>
internal sealed class Definitions
{
    private readonly List<IrInstruction?> _byValue = [];

    private Definitions(Function function)
    {
        for (int v = 0; v < function.ValueCount; v++)
        {
            _byValue.Add(null);
        }

        foreach (var block in function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                if (instruction.Result >= 0)
                {
                    _byValue[instruction.Result] = instruction;
                }
            }
        }
    }

    public static Definitions Of(Function function) => new(function);

    /// <summary>The instruction that defines a register.</summary>
    public IrInstruction this[int value] => _byValue[value]!;

    /// <summary>Adds a definition made since.</summary>
    public void Add(IrInstruction instruction)
    {
        while (_byValue.Count <= instruction.Result)
        {
            _byValue.Add(null);
        }

        _byValue[instruction.Result] = instruction;
    }

    /// <summary>The definition behind copies.</summary>
    public IrInstruction Source(int value)
    {
        var definition = this[value];
        while (definition.Op == Opcode.Copy)
        {
            definition = this[definition.Operands[0]];
        }

        return definition;
    }

    /// <summary>The constant that a register is, if it is one.</summary>
    public bool TryConstant(int value, out long constant)
    {
        var definition = Source(value);
        constant = definition.Immediate;
        return definition.Op == Opcode.Constant;
    }

    /// <summary>The definition behind copies and constant offsets, and the sum of the offsets (with that of a slot or global address).</summary>
    public (IrInstruction Root, long Offset) Address(int pointer, long offset)
    {
        var definition = this[pointer];
        while (true)
        {
            switch (definition.Op)
            {
                case Opcode.Copy:
                    definition = this[definition.Operands[0]];
                    break;
                case Opcode.Offset:
                    offset += definition.Immediate;
                    definition = this[definition.Operands[0]];
                    break;
                case Opcode.SlotAddress or Opcode.GlobalAddress:
                    return (definition, offset + definition.Immediate);
                default:
                    return (definition, offset);
            }
        }
    }
}
