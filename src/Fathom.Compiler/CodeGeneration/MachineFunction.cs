using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>A function as BPF instructions on virtual registers.</summary>
internal sealed class MachineFunction(Function source)
{
    public Function Source { get; } = source;

    public List<MachineBlock> Blocks { get; } = [];

    /// <summary>Slots of the frame: those of the source first, then spills.</summary>
    public List<FrameSlot> Slots { get; } = [];

    /// <summary>Registers, with the machine's.</summary>
    public int RegisterCount { get; set; } = MachineInstruction.FirstVirtual;

    public int NewRegister() => RegisterCount++;
}

/// <summary>A basic block of machine instructions: any number of conditional jumps and at most one last jump or exit at the end.</summary>
internal sealed class MachineBlock(int index, int depth)
{
    public int Index { get; set; } = index;

    /// <summary>How many loops it lies in.</summary>
    public int Depth { get; } = depth;

    public List<MachineInstruction> Instructions { get; } = [];

    /// <summary>Where control goes from here; the code that follows a block is always in this list, not implied by order.</summary>
    public List<MachineBlock> Successors { get; } = [];
}

/// <summary>A slot of the frame.</summary>
internal sealed class FrameSlot(int bytes, int alignment, SourcePosition? position)
{
    public int Bytes { get; } = bytes;

    public int Alignment { get; } = alignment;

    public SourcePosition? Position { get; } = position;

    /// <summary>Offset from R10, negative, once the frame is laid out.</summary>
    public int FrameOffset { get; set; }
}
