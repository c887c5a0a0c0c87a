using System;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>What is known of the registers of x86 before an instruction of a function. What an instruction does that is not looked at makes them unknown.</summary>
internal struct RegisterContents
{
    private const int StackNumber = 4, FrameNumber = 5;
    private const int LongestStore = 64;

    private Registers _values;

    // Something was written where the return address is.
    private bool _isReturnLost;

    /// <summary>Where the stack pointer is, in bytes from where it was at the beginning; null if that is not known.</summary>
    public readonly int? Height => _values[StackNumber] is { Kind: ContentKind.Stack } stack ? (int)(long)stack.Number : null;

    /// <summary>At the beginning of a function, or of some of it.</summary>
    /// <param name="height">Where the stack pointer is; null if that is not known.</param>
    public static RegisterContents AtEntry(int? height)
    {
        var contents = default(RegisterContents);
        for (int i = 0; i < Registers.Count; i++)
        {
            contents._values[i] = Content.Unknown;
        }

        if (height is { } known)
        {
            contents._values[StackNumber] = new(ContentKind.Stack, (ulong)known);
        }

        return contents;
    }

    /// <summary>
    /// At a place that no way is seen to lead to, as the unwinder does: it has put the registers that calls leave alone, and the stack, back to what they are
    /// where another way leads on.
    /// </summary>
    /// <param name="image">The code that it is a part of.</param>
    public static RegisterContents AtPlace(ImageCode image)
    {
        var contents = default(RegisterContents);
        contents.Forget(LostByCalls(image));
        return contents;
    }

    /// <summary>What a register holds; unknown if it is none of the whole ones.</summary>
    public readonly Content Of(Register register) => IsWhole(register) ? _values[NumberOf(register)] : Content.Unknown;

    /// <summary>Takes what is known on another way that arrives too.</summary>
    /// <returns>Whether less is known now.</returns>
    public bool Join(in RegisterContents other)
    {
        bool isChanged = other._isReturnLost && !_isReturnLost;
        _isReturnLost |= other._isReturnLost;
        for (int i = 0; i < Registers.Count; i++)
        {
            Content joined = _values[i].Or(other._values[i]);
            isChanged |= joined != _values[i];
            _values[i] = joined;
        }

        return isChanged;
    }

    /// <summary>What an indirect jump jumps to.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="instruction">The jump.</param>
    public readonly Content TargetOf(ImageCode image, in Instruction instruction) =>
        instruction.Op0Kind == OpKind.Memory ? Load(image, instruction, (int)image.Word) : Of(instruction.Op0Register);

    /// <summary>Goes past an instruction.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="kind">Where it leads.</param>
    public void Pass(ImageCode image, in Instruction instruction, FlowKind kind)
    {
        if (kind == FlowKind.Call)
        {
            // Who is called leaves the others as they were, and the stack.
            Forget(LostByCalls(image));
            return;
        }

        NoteStore(image, instruction);
        int word = (int)image.Word;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push:
                Content pushed = Of(RegisterOf(instruction, 0));
                _values[StackNumber] = _values[StackNumber].Plus(instruction.StackPointerIncrement);
                _isReturnLost |= Height is > -8 and < 8 && pushed.Kind != ContentKind.Return;
                break;
            case Mnemonic.Pop:
                Content popped = Height == 0 && !_isReturnLost ? new(ContentKind.Return) : Content.Computed;
                _values[StackNumber] = _values[StackNumber].Plus(instruction.StackPointerIncrement);
                Set(RegisterOf(instruction, 0), popped);
                break;
            case Mnemonic.Leave:
                _values[StackNumber] = OnStack(_values[FrameNumber].Plus(word));
                _values[FrameNumber] = Content.Unknown;
                break;
            case Mnemonic.Call:
                // Of a place inside the function: its return address.
                _values[StackNumber] = _values[StackNumber].Plus(-word);
                break;
            case Mnemonic.Mov when instruction.Op0Kind == OpKind.Register:
                Set(instruction.Op0Register, Moved(image, instruction));
                break;
            case Mnemonic.Movsxd when instruction.Op0Kind == OpKind.Register:
                Content read = instruction.Op1Kind == OpKind.Memory ? Load(image, instruction, sizeof(int)) : Half(instruction.Op1Register);
                Set(instruction.Op0Register, read.Kind == ContentKind.Half ? read with { Kind = ContentKind.Distance } : Content.Computed);
                break;
            case Mnemonic.Cdqe:
                Set(Register.RAX, _values[0].Kind == ContentKind.Half ? _values[0] with { Kind = ContentKind.Distance } : Content.Computed);
                break;
            case Mnemonic.Lea:
                Set(instruction.Op0Register, AddressOf(image, instruction));
                break;
            case Mnemonic.Add or Mnemonic.Sub when instruction.Op0Kind == OpKind.Register:
                Set(instruction.Op0Register, Added(image, instruction));
                break;
            default:
                PassAny(instruction);
                break;
        }
    }

    // Functions of i386 that give an address of the code may put it into others too.
    private static ReadOnlySpan<int> LostByCalls(ImageCode image) => image.Word == sizeof(ulong) ? [0, 1, 2, 6, 7, 8, 9, 10, 11] : [0, 1, 2, 3, 6, 7];

    private static int NumberOf(Register register) => register.GetFullRegister() - Register.RAX;

    private static bool IsWhole(Register register) => register is (>= Register.RAX and <= Register.R15) or (>= Register.EAX and <= Register.R15D);

    private static bool IsGeneral(Register register) => register is >= Register.AL and <= Register.R15;

    private static Register RegisterOf(in Instruction instruction, int operand) =>
        instruction.GetOpKind(operand) == OpKind.Register ? instruction.GetOpRegister(operand) : Register.None;

    // The stack pointer is on the stack, or nobody knows where.
    private static Content OnStack(Content content) => content.Kind is ContentKind.Stack or ContentKind.None ? content : Content.Unknown;

    private void Set(Register register, Content content)
    {
        if (IsGeneral(register))
        {
            int number = NumberOf(register);
            content = IsWhole(register) ? content : Content.Computed;
            _values[number] = number == StackNumber ? OnStack(content) : content;
        }
    }

    private void Forget(ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            _values[number] = Content.Unknown;
        }
    }

    private readonly Content Half(Register register) => IsGeneral(register) ? _values[NumberOf(register)] : Content.Unknown;

    // Four bytes of a register of eight are those of an address where that has no more.
    private readonly Content Moved(ImageCode image, in Instruction instruction)
    {
        bool isWord = image.Word == (instruction.Op0Register >= Register.RAX ? 8u : 4u);
        switch (instruction.Op1Kind)
        {
            case OpKind.Memory:
                return IsWhole(instruction.Op0Register) ? Load(image, instruction, instruction.Op0Register >= Register.RAX ? sizeof(ulong) : sizeof(uint)) : Content.Unknown;
            case OpKind.Register:
                Content content = Of(instruction.Op1Register);
                return isWord || content.Kind is ContentKind.Half || (content.Kind == ContentKind.Address && image.IsFixed) ? content : Content.Unknown;
            case OpKind.Immediate32 or OpKind.Immediate64 or OpKind.Immediate32to64:
                return image.IsFixed ? new(ContentKind.Address, instruction.GetImmediate(1)) : Content.Unknown;
            default:
                return Content.Unknown;
        }
    }

    private readonly Content Added(ImageCode image, in Instruction instruction)
    {
        Content content = Of(instruction.Op0Register);
        bool isWord = image.Word == (instruction.Op0Register >= Register.RAX ? 8u : 4u);
        int sign = instruction.Mnemonic == Mnemonic.Sub ? -1 : 1;
        return !isWord ? Content.Computed : instruction.Op1Kind switch
        {
            OpKind.Immediate8to64 or OpKind.Immediate32to64 or OpKind.Immediate8to32 or OpKind.Immediate32 =>
                content.Plus(sign * (image.Word == sizeof(uint) ? (int)instruction.GetImmediate(1) : (long)instruction.GetImmediate(1))),
            OpKind.Register when sign > 0 => Sum(image, content, Of(instruction.Op1Register)),
            _ => Content.Computed,
        };
    }

    // On i386 a register holds the address of the global offset table, which a function was called for.
    private static Content Sum(ImageCode image, Content content, Content added) =>
        image.GotAddress is not { } origin ? content.Plus(added)
        : content.Kind == ContentKind.Entry ? new(ContentKind.Place, content.Number, origin)
        : added.Kind == ContentKind.Entry ? new(ContentKind.Place, added.Number, origin)
        : content.Plus(added);

    private static long DisplacementOf(ImageCode image, in Instruction instruction) =>
        image.Word == sizeof(uint) ? (int)instruction.MemoryDisplacement64 : (long)instruction.MemoryDisplacement64;

    private static bool HasBase(in Instruction instruction) => instruction.MemoryBase != Register.None && !instruction.IsIPRelativeMemoryOperand;

    private readonly Content AddressOf(ImageCode image, in Instruction instruction)
    {
        long displacement = DisplacementOf(image, instruction);
        bool isNamed = instruction.IsIPRelativeMemoryOperand || (image.IsFixed && instruction.MemoryDisplSize >= sizeof(int) && displacement != 0);
        Content content = HasBase(instruction) ? Of(instruction.MemoryBase).Plus(displacement)
            : isNamed ? new(ContentKind.Address, instruction.MemoryDisplacement64)
            : Content.Computed;
        return instruction.MemoryIndex == Register.None ? content
            : content.Plus(instruction.MemoryIndexScale == 1 ? Of(instruction.MemoryIndex) : Content.Unknown);
    }

    // A word that is read, or half of one.
    private readonly Content Load(ImageCode image, in Instruction instruction, int size)
    {
        Content origin = HasBase(instruction) ? Of(instruction.MemoryBase) : new(ContentKind.Address);
        ulong? table = TableOf(image, instruction, origin);
        if (origin.Kind == ContentKind.Stack && (long)origin.Number + DisplacementOf(image, instruction) < 0)
        {
            // What was kept there may have been changed there.
            return Content.Computed;
        }

        return size != (int)image.Word ? (table is { } half ? new(ContentKind.Half, half) : Content.Computed)
            : table is { } known ? new(ContentKind.Entry, known)
            : instruction.MemoryIndex != Register.None ? new(ContentKind.Indexed)
            : HasBase(instruction) ? (origin.Kind is ContentKind.None or ContentKind.Stack or ContentKind.Entry or ContentKind.Indexed ? Content.Unknown : new(ContentKind.Pointer))
            : image.IsLinked(instruction.MemoryDisplacement64) ? new(ContentKind.Pointer)
            : Content.Unknown;
    }

    private readonly ulong? TableOf(ImageCode image, in Instruction instruction, Content origin)
    {
        ulong displacement = (ulong)DisplacementOf(image, instruction);
        if (instruction.MemoryIndex == Register.None)
        {
            return origin.Kind == ContentKind.Inside ? origin.Number + displacement : null;
        }

        Content index = instruction.MemoryIndexScale == 1 ? Of(instruction.MemoryIndex) : Content.Unknown;
        return HasBase(instruction) && origin.Kind is ContentKind.Address or ContentKind.Inside ? origin.Number + displacement
            : index.Kind is ContentKind.Address or ContentKind.Inside ? index.Number + displacement
            : instruction.MemoryDisplSize < sizeof(int) ? null
            : image.GotAddress is { } table && HasBase(instruction) ? (uint)(table + displacement)
            : image.IsFixed && !HasBase(instruction) ? instruction.MemoryDisplacement64
            : null;
    }

    private void NoteStore(ImageCode image, in Instruction instruction)
    {
        if (instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Memory && instruction.MemoryIndex == Register.None
            && instruction.Mnemonic is not (Mnemonic.Push or Mnemonic.Jmp or Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Nop)
            && Of(instruction.MemoryBase) is { Kind: ContentKind.Stack } place)
        {
            int size = instruction.OpCount < 2 ? LongestStore : RegisterOf(instruction, 1) is not Register.None and var stored ? stored.GetSize() : (int)image.Word;
            long distance = (long)place.Number + DisplacementOf(image, instruction);
            _isReturnLost |= distance > -size && distance < (long)image.Word;
        }
    }

    private void PassAny(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Bt or Mnemonic.Nop or Mnemonic.Endbr64 or Mnemonic.Endbr32 or Mnemonic.Jmp or Mnemonic.Ret:
                return;
            case Mnemonic.Enter or Mnemonic.Popa or Mnemonic.Popad or Mnemonic.Pusha or Mnemonic.Pushad:
                Forget([0, 1, 2, 3, 4, 5, 6, 7]);
                return;
            case Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq or Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq:
                _values[StackNumber] = _values[StackNumber].Plus(instruction.StackPointerIncrement);
                return;
            case >= Mnemonic.Cmova and <= Mnemonic.Cmovs:
                Set(instruction.Op0Register, Of(instruction.Op0Register).Or(instruction.Op1Kind == OpKind.Register ? Of(instruction.Op1Register) : Content.Unknown));
                return;
        }

        if (instruction.FlowControl is FlowControl.ConditionalBranch)
        {
            // Some count.
            _values[1] = instruction.Mnemonic is Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne ? Content.Unknown : _values[1];
            return;
        }

        if (instruction.IsStackInstruction)
        {
            _values[StackNumber] = Content.Unknown;
        }

        int written = instruction.Mnemonic is Mnemonic.Xchg or Mnemonic.Xadd or Mnemonic.Mulx ? 2 : 1;
        for (int i = 0; i < Math.Min(instruction.OpCount, written); i++)
        {
            Set(RegisterOf(instruction, i), Content.Computed);
        }

        if (WritesOthers(instruction))
        {
            Forget([0, 1, 2, 3, 6, 7, 11]);
        }
    }

    // Registers that it does not name: all those that are any instruction's.
    private static bool WritesOthers(in Instruction instruction) => instruction.IsStringInstruction || instruction.OpCount switch
    {
        0 => instruction.Mnemonic is not (Mnemonic.Vzeroupper or Mnemonic.Vzeroall or Mnemonic.Mfence or Mnemonic.Lfence or Mnemonic.Sfence or Mnemonic.Pause
            or Mnemonic.Cld or Mnemonic.Clc or Mnemonic.Stc or Mnemonic.Cmc or Mnemonic.Ud2 or Mnemonic.Int3),
        1 => instruction.Mnemonic is not (Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Not or Mnemonic.Bswap)
            && instruction.Mnemonic is not (>= Mnemonic.Seta and <= Mnemonic.Sets),
        _ => instruction.Mnemonic is Mnemonic.Cmpxchg or Mnemonic.In or Mnemonic.Out or Mnemonic.Pcmpestri or Mnemonic.Pcmpistri or Mnemonic.Vpcmpestri or Mnemonic.Vpcmpistri,
    };

    [InlineArray(Count)]
    private struct Registers
    {
        public const int Count = 16;

        private Content _first;
    }
}
