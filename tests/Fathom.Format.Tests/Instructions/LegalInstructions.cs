using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Instructions;

namespace Fathom.Format.Tests.Instructions;

/// <summary>
/// Every form of instruction of RFC 9669 with telling values in its fields, written from the RFC's tables and not from the code under test.
/// </summary>
internal static class LegalInstructions
{
    private static readonly Register[] Registers = [Register.R0, Register.R1, Register.R9, Register.R10];
    private static readonly short[] Offsets = [0, 1, -1, 8, -8, short.MaxValue, short.MinValue];
    private static readonly int[] Immediates = [0, 1, -1, 8, 255, 0x1234_5678, int.MaxValue, int.MinValue];
    private static readonly long[] LongImmediates = [0, 1, -1, 0x1122_3344_5566_7788, long.MaxValue, long.MinValue, 0xffff_ffff, unchecked((long)0xffff_ffff_0000_0000)];

    /// <summary>All of them.</summary>
    public static IEnumerable<Instruction> All() => Alu().Concat(Jumps()).Concat(Memory()).Concat(Wide()).Distinct();

    /// <summary>The opcodes that the RFC defines, its deprecated packet loads and <c>callx</c>.</summary>
    public static IReadOnlySet<byte> Opcodes { get; } = MakeOpcodes();

    private static HashSet<byte> MakeOpcodes()
    {
        HashSet<byte> opcodes = [0x18, 0x05, 0x06, 0x85, 0x8d, 0x95, 0xd4, 0xdc, 0xd7, 0x84, 0x87, 0xc3, 0xdb, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x81, 0x89, 0x91];
        foreach (int operation in (int[])[0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0])
        {
            opcodes.UnionWith([(byte)(operation | 4), (byte)(operation | 0xc), (byte)(operation | 7), (byte)(operation | 0xf)]);
        }

        foreach (int operation in (int[])[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0])
        {
            opcodes.UnionWith([(byte)(operation | 5), (byte)(operation | 0xd), (byte)(operation | 6), (byte)(operation | 0xe)]);
        }

        foreach (int size in (int[])[0x00, 0x08, 0x10, 0x18])
        {
            opcodes.UnionWith([(byte)(0x61 | size), (byte)(0x62 | size), (byte)(0x63 | size)]);
        }

        return opcodes;
    }

    private static IEnumerable<Instruction> Alu()
    {
        foreach (Register to in Registers)
        {
            foreach (byte @class in (byte[])[4, 7])
            {
                foreach (int operation in (int[])[0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0])
                {
                    short[] offsets = operation is 0x30 or 0x90 ? [0, 1] : [0];
                    short[] registerOffsets = operation == 0xb0 ? @class == 4 ? [0, 8, 16] : [0, 8, 16, 32] : offsets;
                    foreach (Instruction instruction in Immediates.SelectMany(i => offsets.Select(o => new Instruction((byte)(operation | @class), to, 0, o, i)))
                        .Concat(Registers.SelectMany(r => registerOffsets.Select(o => new Instruction((byte)(operation | 8 | @class), to, r, o, 0)))))
                    {
                        yield return instruction;
                    }
                }

                yield return new Instruction((byte)(0x80 | @class), to, 0, 0, 0);
            }

            foreach (int bits in (int[])[16, 32, 64])
            {
                yield return new Instruction(0xd4, to, 0, 0, bits);
                yield return new Instruction(0xdc, to, 0, 0, bits);
                yield return new Instruction(0xd7, to, 0, 0, bits);
            }
        }
    }

    private static IEnumerable<Instruction> Jumps()
    {
        yield return new Instruction(0x95, 0, 0, 0, 0);
        foreach (short offset in Offsets)
        {
            yield return new Instruction(0x05, 0, 0, offset, 0);
            yield return new Instruction(0x85, 0, (Register)2, offset, 77);
        }

        foreach (int immediate in Immediates)
        {
            yield return new Instruction(0x06, 0, 0, 0, immediate);
            yield return new Instruction(0x85, 0, 0, 0, immediate);
            yield return new Instruction(0x85, 0, (Register)1, 0, immediate);
            yield return new Instruction(0x85, 0, (Register)2, 0, immediate);
        }

        foreach (Register to in Registers)
        {
            yield return new Instruction(0x8d, to, 0, 0, 0);
            foreach (int operation in (int[])[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0])
            {
                foreach (byte @class in (byte[])[5, 6])
                {
                    foreach (Instruction instruction in Offsets.SelectMany(o => Immediates.Select(i => new Instruction((byte)(operation | @class), to, 0, o, i))
                        .Concat(Registers.Select(r => new Instruction((byte)(operation | 8 | @class), to, r, o, 0)))))
                    {
                        yield return instruction;
                    }
                }
            }
        }
    }

    private static IEnumerable<Instruction> Memory()
    {
        foreach (Register to in Registers)
        {
            foreach (int size in (int[])[0x00, 0x08, 0x10, 0x18])
            {
                foreach (short offset in Offsets)
                {
                    foreach (Register from in Registers)
                    {
                        yield return new Instruction((byte)(0x61 | size), to, from, offset, 0);
                        yield return new Instruction((byte)(0x63 | size), to, from, offset, 0);
                        if (size != 0x18)
                        {
                            yield return new Instruction((byte)(0x81 | size), to, from, offset, 0);
                        }

                        foreach (int atomic in size is 0x00 or 0x18 ? (int[])[0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1] : [])
                        {
                            yield return new Instruction((byte)(0xc3 | size), to, from, offset, atomic);
                        }
                    }

                    foreach (int immediate in Immediates)
                    {
                        yield return new Instruction((byte)(0x62 | size), to, 0, offset, immediate);
                    }
                }
            }
        }

        foreach (int size in (int[])[0x00, 0x08, 0x10])
        {
            foreach (int immediate in Immediates)
            {
                yield return new Instruction((byte)(0x20 | size), 0, 0, 0, immediate);
                yield return new Instruction((byte)(0x40 | size), 0, Register.R7, 0, immediate);
            }
        }
    }

    private static IEnumerable<Instruction> Wide()
    {
        foreach (Register to in Registers)
        {
            foreach (long immediate in LongImmediates)
            {
                foreach (byte kind in (byte[])[0, 1, 2, 3, 4, 5, 6])
                {
                    // Kinds without a second number have only the low half.
                    yield return new Instruction(0x18, to, (Register)kind, 0, kind is 1 or 4 or 5 ? immediate & 0xffff_ffff : immediate);
                }
            }
        }
    }
}
