using Fathom.Compiler.IR;
using Fathom.Format.Instructions;

namespace Fathom.Compiler.CodeGeneration;

/// <summary>
/// A BPF instruction whose registers may still be virtual: numbers below 11 are the machine's, the others virtual. Jumps name blocks,
/// and accesses to the frame name slots.
/// </summary>
internal sealed class MachineInstruction
{
    /// <summary>First virtual register.</summary>
    public const int FirstVirtual = 11;

    /// <summary>Number of the frame pointer.</summary>
    public const int FramePointer = 10;

    // Not an opcode of the machine: the address of a frame slot, two instructions when emitted.
    private const byte FrameAddressOpcode = 0xff;

    private const byte MoveRegister64 = 0xbf;

    /// <summary>The opcode, or a pseudo opcode.</summary>
    public byte Opcode;

    /// <summary>Destination, -1 for none.</summary>
    public int Destination = -1;

    /// <summary>Source register, -1 for none.</summary>
    public int Source = -1;

    public short Offset;

    public long Immediate;

    /// <summary>Kind of a call or 64-bit immediate.</summary>
    public byte Kind;

    /// <summary>Number of argument registers of a call.</summary>
    public int ArgumentCount;

    /// <summary>Frame slot of a memory access through R10 or a frame address, else -1. <see cref="Offset"/> or <see cref="Immediate"/> counts from its start.</summary>
    public int Slot = -1;

    /// <summary>Target of a jump.</summary>
    public MachineBlock? Target;

    /// <summary>Map name, global, function: what <see cref="Immediate"/> stands for.</summary>
    public object? Reference;

    /// <summary>CO-RE relocation of this instruction.</summary>
    public CoreAccess? Core;

    public SourcePosition? Position;

    private Instruction Shape => new(Opcode, 0, 0, Offset, Immediate);

    public bool IsFrameAddress => Opcode == FrameAddressOpcode;

    /// <summary>A plain 64-bit move between registers.</summary>
    public bool IsMove => Opcode == MoveRegister64 && Offset == 0;

    public bool IsCall => Shape.IsCall;

    public bool IsExit => Shape.IsExit;

    public bool HasTarget => !IsFrameAddress && Shape.HasTarget;

    public bool IsUnconditional => HasTarget && Shape.JumpOperation == JumpOperation.Always;

    /// <summary>True for a conditional jump that tells how large its destination is.</summary>
    public bool IsBoundingJump => HasTarget && Shape.JumpOperation is not (JumpOperation.Always or JumpOperation.Equal or JumpOperation.NotEqual);

    public bool IsTerminator => HasTarget || IsExit;

    private bool IsAtomic => Shape.Class == InstructionClass.StoreX && (Opcode & 0xe0) == 0xc0;

    private bool IsFetch => IsAtomic && (Immediate & (long)AtomicOperation.Fetch) != 0;

    private bool IsCompareExchange => IsAtomic && Immediate == (long)AtomicOperation.CompareExchange;

    /// <summary>The register that it writes besides those a call clobbers, -1 for none.</summary>
    public int Definition
    {
        get
        {
            if (IsFrameAddress)
            {
                return Destination;
            }

            return Shape.Class switch
            {
                InstructionClass.Alu32 or InstructionClass.Alu64 or InstructionClass.Load or InstructionClass.LoadX => Destination,
                InstructionClass.StoreX when IsCompareExchange => 0,
                InstructionClass.StoreX when IsFetch => Source,
                InstructionClass.Jump64 when IsCall => 0,
                _ => -1,
            };
        }
    }

    /// <summary>True if the destination is read: all but moves, loads and immediates.</summary>
    public bool UsesDestination
    {
        get
        {
            if (IsFrameAddress || Destination < 0)
            {
                return false;
            }

            return Shape.Class switch
            {
                InstructionClass.Alu32 or InstructionClass.Alu64 => Shape.AluOperation != AluOperation.Move,
                InstructionClass.Load or InstructionClass.LoadX => false,
                _ => true,
            };
        }
    }

    /// <summary>Machine registers used besides destination and source, as a mask.</summary>
    public int ImplicitUses
    {
        get
        {
            if (IsFrameAddress)
            {
                return 0;
            }

            return IsCall ? ((1 << ArgumentCount) - 1) << 1 : IsExit || IsCompareExchange ? 1 : 0;
        }
    }

    /// <summary>Machine registers that are undefined afterwards, as a mask.</summary>
    public int Clobbers => !IsFrameAddress && IsCall ? 0x3e : 0;

    /// <summary>True if it may go when nobody reads its definition.</summary>
    public bool IsRemovable =>
        IsFrameAddress || Shape.Class is InstructionClass.Alu32 or InstructionClass.Alu64 or InstructionClass.Load or InstructionClass.LoadX;

    /// <summary>True if doing it again anywhere gives the same: an immediate or an address.</summary>
    public bool IsRematerializable =>
        IsFrameAddress
        || Shape.Class == InstructionClass.Load
        || (Shape.IsAlu && Shape.AluOperation == AluOperation.Move && !Shape.UsesSourceRegister);

    public static MachineInstruction FrameAddress(int destination, int slot, long offset) =>
        new() { Opcode = FrameAddressOpcode, Destination = destination, Slot = slot, Immediate = offset };

    /// <summary>An instruction of the machine's with other registers.</summary>
    public static MachineInstruction From(Instruction shape, int destination = -1, int source = -1) =>
        new()
        {
            Opcode = shape.Opcode,
            Destination = destination,
            Source = source,
            Offset = shape.Offset,
            Immediate = shape.Immediate,
            Kind = (byte)shape.Source,
        };

    public static MachineInstruction Move(int destination, int source) =>
        From(Instruction.Alu64(AluOperation.Move, 0, Register.R0), destination, source);

    public MachineInstruction Clone() => (MachineInstruction)MemberwiseClone();
}
