using System;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.IR;

/// <summary>One three-address instruction. Which fields count depends on <see cref="Op"/>.</summary>
internal sealed class IrInstruction(Opcode op)
{
    /// <summary>What it does.</summary>
    public Opcode Op = op;

    /// <summary>The register it defines, -1 for none.</summary>
    public int Result = -1;

    /// <summary>The registers it uses.</summary>
    public int[] Operands = [];

    /// <summary>Constant, offset, index or helper number.</summary>
    public long Immediate;

    /// <summary>Which <see cref="BinaryOperation"/>, <see cref="IR.Conversion"/>, <see cref="IR.Comparison"/>.</summary>
    public byte Kind;

    /// <summary>Width of a memory access.</summary>
    public MemorySize Size;

    /// <summary>A load that extends the sign; a call without effect; a truncation that costs nothing.</summary>
    public bool Flag;

    /// <summary>Number of the stack slot.</summary>
    public int Slot = -1;

    /// <summary>Bytes to zero or copy.</summary>
    public int Count;

    /// <summary>Alignment of the memory to zero or copy.</summary>
    public int Alignment;

    /// <summary>Offset of the source of a copy.</summary>
    public int SecondOffset;

    /// <summary>The atomic operation.</summary>
    public AtomicOperation AtomicOperation;

    /// <summary>Map name, global, function or relocation.</summary>
    public object? Data;

    /// <summary>Successors of a jump or branch; predecessors of a phi.</summary>
    public Block[] Targets = [];

    /// <summary>Where it comes from.</summary>
    public SourcePosition? Position;

    public BinaryOperation Binary => (BinaryOperation)Kind;

    public Conversion Conversion => (Conversion)Kind;

    public Comparison Comparison => (Comparison)Kind;

    public CoreAccess? Core => Data as CoreAccess;

    public bool IsTerminator => Op is Opcode.Jump or Opcode.Branch or Opcode.Return;

    /// <summary>True if an unused result is a reason to drop it.</summary>
    public bool IsRemovable => Op switch
    {
        Opcode.Store or Opcode.Zero or Opcode.CopyMemory or Opcode.Atomic or Opcode.CallFunction => false,
        Opcode.Jump or Opcode.Branch or Opcode.Return => false,
        Opcode.CallHelper => Flag,
        _ => true,
    };

    /// <summary>True if the result depends on nothing but operands and the fields: it may be computed anywhere that it dominates.</summary>
    public bool IsPure => Op is Opcode.Constant or Opcode.Copy or Opcode.Binary or Opcode.Convert or Opcode.ByteSwap or Opcode.Compare
        or Opcode.SlotAddress or Opcode.MapAddress or Opcode.GlobalAddress or Opcode.FunctionAddress or Opcode.Offset or Opcode.OffsetBy
        or Opcode.CoreOffset or Opcode.CoreValue;

    /// <summary>Bytes that a load or store touches.</summary>
    public int Bytes => BytesOf(Size);

    /// <summary>Bytes of a memory width.</summary>
    public static int BytesOf(MemorySize size) => size switch
    {
        MemorySize.Byte => 1,
        MemorySize.Half => 2,
        MemorySize.Word => 4,
        _ => 8,
    };

    /// <summary>The memory width of 1, 2, 4 or 8 bytes.</summary>
    public static MemorySize SizeOf(int bytes) => bytes switch
    {
        1 => MemorySize.Byte,
        2 => MemorySize.Half,
        4 => MemorySize.Word,
        8 => MemorySize.Double,
        _ => throw new ArgumentOutOfRangeException(nameof(bytes)),
    };

    /// <summary>Turns it into something else in place, keeping result and position.</summary>
    public void Become(Opcode op, params int[] operands)
    {
        Op = op;
        Operands = operands;
        Immediate = 0;
        Data = null;
        Slot = -1;
        Flag = false;
        Kind = 0;
        Targets = [];
    }

    /// <summary>Turns it into a constant in place.</summary>
    public void BecomeConstant(long value)
    {
        Become(Opcode.Constant);
        Immediate = value;
    }

    /// <summary>A copy with the same operands.</summary>
    public IrInstruction Clone()
    {
        var copy = (IrInstruction)MemberwiseClone();
        copy.Operands = (int[])Operands.Clone();
        copy.Targets = (Block[])Targets.Clone();
        return copy;
    }
}
