using System;
using System.Collections.Generic;

namespace Fathom.Format.Instructions;

/// <summary>What operands follow a mnemonic.</summary>
internal enum OperandForm
{
    /// <summary>Register, then register or immediate.</summary>
    Binary,
    /// <summary>Register, register.</summary>
    Move,
    /// <summary>Register.</summary>
    Unary,
    /// <summary>Register, then register or immediate, then target.</summary>
    Compare,
    /// <summary>Target.</summary>
    Goto,
    /// <summary>Target that goes into the immediate.</summary>
    GotoLong,
    /// <summary>Register, memory.</summary>
    Load,
    /// <summary>Memory, immediate.</summary>
    StoreImmediate,
    /// <summary>Memory, register.</summary>
    StoreRegister,
    /// <summary>Register, 64-bit immediate.</summary>
    LoadImmediate64,
    /// <summary>Immediate.</summary>
    PacketAbsolute,
    /// <summary>Register, immediate.</summary>
    PacketIndirect,
    /// <summary>Kind and callee.</summary>
    Call,
    /// <summary>Nothing.</summary>
    Exit,
}

/// <summary>A mnemonic: its operands and the fields that it fixes.</summary>
/// <param name="Form">Its operands.</param>
/// <param name="Opcode">The opcode; the source bit is set by the operands.</param>
/// <param name="Offset">The offset, for signed arithmetic and sign extension.</param>
/// <param name="Immediate">The immediate, for byte swaps.</param>
internal readonly record struct Mnemonic(OperandForm Form, byte Opcode, short Offset = 0, int Immediate = 0)
{
    private static readonly string[] AluNames = ["add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor", "mov", "arsh"];

    private static readonly string?[] JumpNames = ["ja", "jeq", "jgt", "jge", "jset", "jne", "jsgt", "jsge", null, null, "jlt", "jle", "jslt", "jsle"];

    private static readonly KeyValuePair<AtomicOperation, string>[] AtomicNames =
    [
        new(AtomicOperation.Add, "add"), new(AtomicOperation.Or, "or"), new(AtomicOperation.And, "and"), new(AtomicOperation.Xor, "xor"),
        new(AtomicOperation.Exchange, "xchg"), new(AtomicOperation.CompareExchange, "cmpxchg"),
    ];

    /// <summary>All mnemonics but those behind <c>lock</c>.</summary>
    internal static readonly Dictionary<string, Mnemonic> ByName = MakeTable();

    /// <summary>The operations that follow <c>lock</c>, without their width.</summary>
    internal static bool TryFindAtomic(string name, out AtomicOperation operation)
    {
        foreach (KeyValuePair<AtomicOperation, string> pair in AtomicNames)
        {
            if (pair.Value == name)
            {
                operation = pair.Key;
                return true;
            }
        }

        operation = default;
        return false;
    }

    /// <summary>The mnemonic of a legal instruction; for atomics with <c>lock</c> before it.</summary>
    internal static string NameOf(in Instruction instruction) => instruction.Class switch
    {
        InstructionClass.Load => instruction.IsLoadImmediate64 ? "lddw" : ((instruction.Opcode & 0xe0) == 0x20 ? "ldabs" : "ldind") + Suffix(instruction.MemorySize),
        InstructionClass.LoadX => ((instruction.Opcode & 0xe0) == 0x80 ? "ldxs" : "ldx") + Suffix(instruction.MemorySize),
        InstructionClass.Store => "st" + Suffix(instruction.MemorySize),
        InstructionClass.StoreX => (instruction.Opcode & 0xe0) == 0xc0 ? NameOfAtomic(instruction) : "stx" + Suffix(instruction.MemorySize),
        InstructionClass.Alu32 or InstructionClass.Alu64 => NameOfAlu(instruction),
        _ => instruction.IsCall ? "call" : instruction.IsExit ? "exit" : JumpNames[instruction.Opcode >> 4] + (instruction.Class == InstructionClass.Jump32 ? "32" : ""),
    };

    private static string Suffix(MemorySize size) => size switch
    {
        MemorySize.Byte => "b",
        MemorySize.Half => "h",
        MemorySize.Word => "w",
        _ => "dw",
    };

    private static string NameOfAlu(in Instruction instruction)
    {
        bool is32 = instruction.Class == InstructionClass.Alu32;
        if (instruction.AluOperation == AluOperation.ByteSwap)
        {
            return (is32 ? instruction.UsesSourceRegister ? "be" : "le" : "bswap") + instruction.Immediate;
        }

        string name = AluNames[instruction.Opcode >> 4];
        string width = is32 ? "32" : "";
        return instruction.Offset == 0 ? name + width
            : instruction.AluOperation == AluOperation.Move ? $"movsx{instruction.Offset}{(is32 ? 32 : 64)}"
            : "s" + name + width;
    }

    private static string NameOfAtomic(in Instruction instruction)
    {
        string width = instruction.MemorySize == MemorySize.Word ? "32" : "";
        foreach (KeyValuePair<AtomicOperation, string> pair in AtomicNames)
        {
            if (instruction.Immediate == (long)pair.Key)
            {
                return "lock " + pair.Value + width;
            }

            if (instruction.Immediate == (long)(pair.Key | AtomicOperation.Fetch))
            {
                return "lock fetch " + pair.Value + width;
            }
        }

        throw new ArgumentException("the instruction is not legal", nameof(instruction));
    }

    private static Dictionary<string, Mnemonic> MakeTable()
    {
        Dictionary<string, Mnemonic> table = new(StringComparer.Ordinal)
        {
            ["lddw"] = new(OperandForm.LoadImmediate64, Instruction.LoadImmediate64Opcode),
            ["ja"] = new(OperandForm.Goto, 0x05),
            ["ja32"] = new(OperandForm.GotoLong, 0x06),
            ["call"] = new(OperandForm.Call, 0x85),
            ["exit"] = new(OperandForm.Exit, 0x95),
        };
        AddAlu(table);
        for (int i = 1; i < JumpNames.Length; i++)
        {
            if (JumpNames[i] is string name)
            {
                table.Add(name, new(OperandForm.Compare, (byte)((i << 4) | (byte)InstructionClass.Jump64)));
                table.Add(name + "32", new(OperandForm.Compare, (byte)((i << 4) | (byte)InstructionClass.Jump32)));
            }
        }

        foreach (MemorySize size in (ReadOnlySpan<MemorySize>)[MemorySize.Byte, MemorySize.Half, MemorySize.Word, MemorySize.Double])
        {
            string suffix = Suffix(size);
            table.Add("ldx" + suffix, new(OperandForm.Load, (byte)(0x61 | (byte)size)));
            table.Add("st" + suffix, new(OperandForm.StoreImmediate, (byte)(0x62 | (byte)size)));
            table.Add("stx" + suffix, new(OperandForm.StoreRegister, (byte)(0x63 | (byte)size)));
            if (size != MemorySize.Double)
            {
                table.Add("ldxs" + suffix, new(OperandForm.Load, (byte)(0x81 | (byte)size)));
                table.Add("ldabs" + suffix, new(OperandForm.PacketAbsolute, (byte)(0x20 | (byte)size)));
                table.Add("ldind" + suffix, new(OperandForm.PacketIndirect, (byte)(0x40 | (byte)size)));
            }
        }

        return table;
    }

    private static void AddAlu(Dictionary<string, Mnemonic> table)
    {
        for (int i = 0; i < AluNames.Length; i++)
        {
            AddBothWidths(AluNames[i], i == (int)AluOperation.Negate >> 4 ? OperandForm.Unary : OperandForm.Binary, i, 0);
        }

        AddBothWidths("sdiv", OperandForm.Binary, (int)AluOperation.Divide >> 4, 1);
        AddBothWidths("smod", OperandForm.Binary, (int)AluOperation.Modulo >> 4, 1);
        foreach (short bits in (ReadOnlySpan<short>)[8, 16, 32])
        {
            if (bits != 32)
            {
                table.Add($"movsx{bits}32", new(OperandForm.Move, 0xbc, bits));
            }

            table.Add($"movsx{bits}64", new(OperandForm.Move, 0xbf, bits));
        }

        foreach (int bits in (ReadOnlySpan<int>)[16, 32, 64])
        {
            table.Add($"le{bits}", new(OperandForm.Unary, 0xd4, 0, bits));
            table.Add($"be{bits}", new(OperandForm.Unary, 0xdc, 0, bits));
            table.Add($"bswap{bits}", new(OperandForm.Unary, 0xd7, 0, bits));
            table.Add($"swap{bits}", new(OperandForm.Unary, 0xd7, 0, bits));
        }

        void AddBothWidths(string name, OperandForm form, int operation, short offset)
        {
            Mnemonic wide = new(form, (byte)((operation << 4) | (byte)InstructionClass.Alu64), offset);
            table.Add(name, wide);
            table.Add(name + "64", wide);
            table.Add(name + "32", new(form, (byte)((operation << 4) | (byte)InstructionClass.Alu32), offset));
        }
    }
}
