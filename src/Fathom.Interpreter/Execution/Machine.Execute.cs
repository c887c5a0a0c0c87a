using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Fathom.Interpreter;

// The loop. Each case is an instruction of RFC 9669; what may fail lies in the methods that it calls.
public sealed unsafe partial class Machine
{
    /// <summary>Runs from an instruction until the frame that is the innermost now returns.</summary>
    private ulong Execute(InterpretedProgram program, int start, ulong r1, ulong r2, ulong r3, ulong r4)
    {
        // Registers 11 to 15 are never used: what a byte can say of a register is then in bounds.
        ulong* r = stackalloc ulong[16];
        for (int i = 0; i < 10; i++)
        {
            r[i] = Unset;
        }

        r[1] = r1;
        r[2] = r2;
        r[3] = r3;
        r[4] = r4;
        r[10] = _frames[_depth].Top;
        int entry = _depth;
        int pc = start;
        long left = _stepsLeft;
        _program = program;
        ref Op ops = ref program.Ops[0];
        while (true)
        {
            if (--left < 0)
            {
                _stepsLeft = 0;
                throw new StepLimitException(PositionOf(program, pc), StepLimit);
            }

            ref readonly Op op = ref Unsafe.Add(ref ops, pc);
            pc++;
            switch (op.Code)
            {
                case OpCode.Add64Register:
                    r[op.Destination] += r[op.Source];
                    break;
                case OpCode.Add64Immediate:
                    r[op.Destination] += (ulong)op.Immediate;
                    break;
                case OpCode.Add32Register:
                    r[op.Destination] = unchecked((uint)r[op.Destination] + (uint)r[op.Source]);
                    break;
                case OpCode.Add32Immediate:
                    r[op.Destination] = unchecked((uint)r[op.Destination] + (uint)op.Immediate);
                    break;
                case OpCode.Subtract64Register:
                    r[op.Destination] -= r[op.Source];
                    break;
                case OpCode.Subtract64Immediate:
                    r[op.Destination] -= (ulong)op.Immediate;
                    break;
                case OpCode.Subtract32Register:
                    r[op.Destination] = unchecked((uint)r[op.Destination] - (uint)r[op.Source]);
                    break;
                case OpCode.Subtract32Immediate:
                    r[op.Destination] = unchecked((uint)r[op.Destination] - (uint)op.Immediate);
                    break;
                case OpCode.Multiply64Register:
                    r[op.Destination] *= r[op.Source];
                    break;
                case OpCode.Multiply64Immediate:
                    r[op.Destination] *= (ulong)op.Immediate;
                    break;
                case OpCode.Multiply32Register:
                    r[op.Destination] = unchecked((uint)r[op.Destination] * (uint)r[op.Source]);
                    break;
                case OpCode.Multiply32Immediate:
                    r[op.Destination] = unchecked((uint)r[op.Destination] * (uint)op.Immediate);
                    break;
                case OpCode.Or64Register:
                    r[op.Destination] |= r[op.Source];
                    break;
                case OpCode.Or64Immediate:
                    r[op.Destination] |= (ulong)op.Immediate;
                    break;
                case OpCode.Or32Register:
                    r[op.Destination] = (uint)r[op.Destination] | (uint)r[op.Source];
                    break;
                case OpCode.Or32Immediate:
                    r[op.Destination] = (uint)r[op.Destination] | (uint)op.Immediate;
                    break;
                case OpCode.And64Register:
                    r[op.Destination] &= r[op.Source];
                    break;
                case OpCode.And64Immediate:
                    r[op.Destination] &= (ulong)op.Immediate;
                    break;
                case OpCode.And32Register:
                    r[op.Destination] = (uint)r[op.Destination] & (uint)r[op.Source];
                    break;
                case OpCode.And32Immediate:
                    r[op.Destination] = (uint)r[op.Destination] & (uint)op.Immediate;
                    break;
                case OpCode.Xor64Register:
                    r[op.Destination] ^= r[op.Source];
                    break;
                case OpCode.Xor64Immediate:
                    r[op.Destination] ^= (ulong)op.Immediate;
                    break;
                case OpCode.Xor32Register:
                    r[op.Destination] = (uint)r[op.Destination] ^ (uint)r[op.Source];
                    break;
                case OpCode.Xor32Immediate:
                    r[op.Destination] = (uint)r[op.Destination] ^ (uint)op.Immediate;
                    break;
                case OpCode.Divide64Register:
                    r[op.Destination] = Arithmetic.Divide(r[op.Destination], r[op.Source]);
                    break;
                case OpCode.Divide64Immediate:
                    r[op.Destination] = Arithmetic.Divide(r[op.Destination], (ulong)op.Immediate);
                    break;
                case OpCode.Divide32Register:
                    r[op.Destination] = Arithmetic.Divide((uint)r[op.Destination], (uint)r[op.Source]);
                    break;
                case OpCode.Divide32Immediate:
                    r[op.Destination] = Arithmetic.Divide((uint)r[op.Destination], (uint)op.Immediate);
                    break;
                case OpCode.Modulo64Register:
                    r[op.Destination] = Arithmetic.Modulo(r[op.Destination], r[op.Source]);
                    break;
                case OpCode.Modulo64Immediate:
                    r[op.Destination] = Arithmetic.Modulo(r[op.Destination], (ulong)op.Immediate);
                    break;
                case OpCode.Modulo32Register:
                    r[op.Destination] = Arithmetic.Modulo((uint)r[op.Destination], (uint)r[op.Source]);
                    break;
                case OpCode.Modulo32Immediate:
                    r[op.Destination] = Arithmetic.Modulo((uint)r[op.Destination], (uint)op.Immediate);
                    break;
                case OpCode.DivideSigned64Register:
                    r[op.Destination] = (ulong)Arithmetic.Divide((long)r[op.Destination], (long)r[op.Source]);
                    break;
                case OpCode.DivideSigned64Immediate:
                    r[op.Destination] = (ulong)Arithmetic.Divide((long)r[op.Destination], (long)(ulong)op.Immediate);
                    break;
                case OpCode.DivideSigned32Register:
                    r[op.Destination] = (uint)Arithmetic.Divide((int)r[op.Destination], (int)(uint)r[op.Source]);
                    break;
                case OpCode.DivideSigned32Immediate:
                    r[op.Destination] = (uint)Arithmetic.Divide((int)r[op.Destination], (int)(uint)op.Immediate);
                    break;
                case OpCode.ModuloSigned64Register:
                    r[op.Destination] = (ulong)Arithmetic.Modulo((long)r[op.Destination], (long)r[op.Source]);
                    break;
                case OpCode.ModuloSigned64Immediate:
                    r[op.Destination] = (ulong)Arithmetic.Modulo((long)r[op.Destination], (long)(ulong)op.Immediate);
                    break;
                case OpCode.ModuloSigned32Register:
                    r[op.Destination] = (uint)Arithmetic.Modulo((int)r[op.Destination], (int)(uint)r[op.Source]);
                    break;
                case OpCode.ModuloSigned32Immediate:
                    r[op.Destination] = (uint)Arithmetic.Modulo((int)r[op.Destination], (int)(uint)op.Immediate);
                    break;
                case OpCode.ShiftLeft64Register:
                    r[op.Destination] <<= (int)r[op.Source];
                    break;
                case OpCode.ShiftLeft64Immediate:
                    r[op.Destination] <<= (int)op.Immediate;
                    break;
                case OpCode.ShiftLeft32Register:
                    r[op.Destination] = (uint)r[op.Destination] << (int)r[op.Source];
                    break;
                case OpCode.ShiftLeft32Immediate:
                    r[op.Destination] = (uint)r[op.Destination] << (int)op.Immediate;
                    break;
                case OpCode.ShiftRight64Register:
                    r[op.Destination] >>= (int)r[op.Source];
                    break;
                case OpCode.ShiftRight64Immediate:
                    r[op.Destination] >>= (int)op.Immediate;
                    break;
                case OpCode.ShiftRight32Register:
                    r[op.Destination] = (uint)r[op.Destination] >> (int)r[op.Source];
                    break;
                case OpCode.ShiftRight32Immediate:
                    r[op.Destination] = (uint)r[op.Destination] >> (int)op.Immediate;
                    break;
                case OpCode.ShiftRightArithmetic64Register:
                    r[op.Destination] = (ulong)((long)r[op.Destination] >> (int)r[op.Source]);
                    break;
                case OpCode.ShiftRightArithmetic64Immediate:
                    r[op.Destination] = (ulong)((long)r[op.Destination] >> (int)op.Immediate);
                    break;
                case OpCode.ShiftRightArithmetic32Register:
                    r[op.Destination] = (uint)((int)r[op.Destination] >> (int)r[op.Source]);
                    break;
                case OpCode.ShiftRightArithmetic32Immediate:
                    r[op.Destination] = (uint)((int)r[op.Destination] >> (int)op.Immediate);
                    break;
                case OpCode.Move64Register:
                    r[op.Destination] = r[op.Source];
                    break;
                case OpCode.Move64Immediate:
                    r[op.Destination] = (ulong)op.Immediate;
                    break;
                case OpCode.Move32Register:
                    r[op.Destination] = (uint)r[op.Source];
                    break;
                case OpCode.Move32Immediate:
                    r[op.Destination] = (uint)op.Immediate;
                    break;
                case OpCode.Negate64:
                    r[op.Destination] = 0 - r[op.Destination];
                    break;
                case OpCode.Negate32:
                    r[op.Destination] = 0u - (uint)r[op.Destination];
                    break;
                case OpCode.MoveSigned8To64:
                    r[op.Destination] = (ulong)(long)(sbyte)r[op.Source];
                    break;
                case OpCode.MoveSigned8To32:
                    r[op.Destination] = (uint)(sbyte)r[op.Source];
                    break;
                case OpCode.MoveSigned16To64:
                    r[op.Destination] = (ulong)(long)(short)r[op.Source];
                    break;
                case OpCode.MoveSigned16To32:
                    r[op.Destination] = (uint)(short)r[op.Source];
                    break;
                case OpCode.MoveSigned32To64:
                    r[op.Destination] = (ulong)(long)(int)r[op.Source];
                    break;
                case OpCode.Truncate16:
                    r[op.Destination] = (ushort)r[op.Destination];
                    break;
                case OpCode.Truncate32:
                    r[op.Destination] = (uint)r[op.Destination];
                    break;
                case OpCode.Nothing:
                    // A conversion to the order that the machine has.
                    break;
                case OpCode.Swap16:
                    r[op.Destination] = BinaryPrimitives.ReverseEndianness((ushort)r[op.Destination]);
                    break;
                case OpCode.Swap32:
                    r[op.Destination] = BinaryPrimitives.ReverseEndianness((uint)r[op.Destination]);
                    break;
                case OpCode.Swap64:
                    r[op.Destination] = BinaryPrimitives.ReverseEndianness(r[op.Destination]);
                    break;
                case OpCode.Jump:
                    pc = op.Offset;
                    break;
                case OpCode.JumpIfEqual64Register:
                    if (r[op.Destination] == r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfEqual64Immediate:
                    if (r[op.Destination] == (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfEqual32Register:
                    if ((uint)r[op.Destination] == (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfEqual32Immediate:
                    if ((uint)r[op.Destination] == (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfNotEqual64Register:
                    if (r[op.Destination] != r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfNotEqual64Immediate:
                    if (r[op.Destination] != (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfNotEqual32Register:
                    if ((uint)r[op.Destination] != (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfNotEqual32Immediate:
                    if ((uint)r[op.Destination] != (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterUnsigned64Register:
                    if (r[op.Destination] > r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterUnsigned64Immediate:
                    if (r[op.Destination] > (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterUnsigned32Register:
                    if ((uint)r[op.Destination] > (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterUnsigned32Immediate:
                    if ((uint)r[op.Destination] > (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualUnsigned64Register:
                    if (r[op.Destination] >= r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualUnsigned64Immediate:
                    if (r[op.Destination] >= (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualUnsigned32Register:
                    if ((uint)r[op.Destination] >= (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualUnsigned32Immediate:
                    if ((uint)r[op.Destination] >= (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessUnsigned64Register:
                    if (r[op.Destination] < r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessUnsigned64Immediate:
                    if (r[op.Destination] < (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessUnsigned32Register:
                    if ((uint)r[op.Destination] < (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessUnsigned32Immediate:
                    if ((uint)r[op.Destination] < (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualUnsigned64Register:
                    if (r[op.Destination] <= r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualUnsigned64Immediate:
                    if (r[op.Destination] <= (ulong)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualUnsigned32Register:
                    if ((uint)r[op.Destination] <= (uint)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualUnsigned32Immediate:
                    if ((uint)r[op.Destination] <= (uint)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterSigned64Register:
                    if ((long)r[op.Destination] > (long)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterSigned64Immediate:
                    if ((long)r[op.Destination] > op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterSigned32Register:
                    if ((int)r[op.Destination] > (int)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterSigned32Immediate:
                    if ((int)r[op.Destination] > (int)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualSigned64Register:
                    if ((long)r[op.Destination] >= (long)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualSigned64Immediate:
                    if ((long)r[op.Destination] >= op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualSigned32Register:
                    if ((int)r[op.Destination] >= (int)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfGreaterOrEqualSigned32Immediate:
                    if ((int)r[op.Destination] >= (int)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessSigned64Register:
                    if ((long)r[op.Destination] < (long)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessSigned64Immediate:
                    if ((long)r[op.Destination] < op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessSigned32Register:
                    if ((int)r[op.Destination] < (int)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessSigned32Immediate:
                    if ((int)r[op.Destination] < (int)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualSigned64Register:
                    if ((long)r[op.Destination] <= (long)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualSigned64Immediate:
                    if ((long)r[op.Destination] <= op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualSigned32Register:
                    if ((int)r[op.Destination] <= (int)r[op.Source])
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfLessOrEqualSigned32Immediate:
                    if ((int)r[op.Destination] <= (int)op.Immediate)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfAnyBitSet64Register:
                    if ((r[op.Destination] & r[op.Source]) != 0)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfAnyBitSet64Immediate:
                    if ((r[op.Destination] & (ulong)op.Immediate) != 0)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfAnyBitSet32Register:
                    if (((uint)r[op.Destination] & (uint)r[op.Source]) != 0)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.JumpIfAnyBitSet32Immediate:
                    if (((uint)r[op.Destination] & (uint)op.Immediate) != 0)
                    {
                        pc = op.Offset;
                    }

                    break;
                case OpCode.Load8:
                    r[op.Destination] = Unsafe.ReadUnaligned<byte>(ref At(r[op.Source] + (ulong)op.Offset, 1, pc));
                    break;
                case OpCode.Load16:
                    r[op.Destination] = Unsafe.ReadUnaligned<ushort>(ref At(r[op.Source] + (ulong)op.Offset, 2, pc));
                    break;
                case OpCode.Load32:
                    r[op.Destination] = Unsafe.ReadUnaligned<uint>(ref At(r[op.Source] + (ulong)op.Offset, 4, pc));
                    break;
                case OpCode.Load64:
                    r[op.Destination] = Unsafe.ReadUnaligned<ulong>(ref At(r[op.Source] + (ulong)op.Offset, 8, pc));
                    break;
                case OpCode.LoadSigned8:
                    r[op.Destination] = (ulong)Unsafe.ReadUnaligned<sbyte>(ref At(r[op.Source] + (ulong)op.Offset, 1, pc));
                    break;
                case OpCode.LoadSigned16:
                    r[op.Destination] = (ulong)Unsafe.ReadUnaligned<short>(ref At(r[op.Source] + (ulong)op.Offset, 2, pc));
                    break;
                case OpCode.LoadSigned32:
                    r[op.Destination] = (ulong)Unsafe.ReadUnaligned<int>(ref At(r[op.Source] + (ulong)op.Offset, 4, pc));
                    break;
                case OpCode.Store8Register:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 1, pc), (byte)r[op.Source]);
                    break;
                case OpCode.Store8Immediate:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 1, pc), (byte)op.Immediate);
                    break;
                case OpCode.Store16Register:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 2, pc), (ushort)r[op.Source]);
                    break;
                case OpCode.Store16Immediate:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 2, pc), (ushort)op.Immediate);
                    break;
                case OpCode.Store32Register:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 4, pc), (uint)r[op.Source]);
                    break;
                case OpCode.Store32Immediate:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 4, pc), (uint)op.Immediate);
                    break;
                case OpCode.Store64Register:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 8, pc), (ulong)r[op.Source]);
                    break;
                case OpCode.Store64Immediate:
                    Unsafe.WriteUnaligned(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 8, pc), (ulong)op.Immediate);
                    break;
                case OpCode.Atomic32:
                    Arithmetic.Atomic32(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 4, pc), r, op);
                    break;
                case OpCode.Atomic64:
                    Arithmetic.Atomic64(ref ToWrite(r[op.Destination] + (ulong)op.Offset, 8, pc), r, op);
                    break;
                case OpCode.LoadMap:
                    r[op.Destination] = GetMapHandle((int)op.Immediate, pc);
                    break;
                case OpCode.LoadMapValue:
                    r[op.Destination] = GetMapValue(op.Immediate, pc);
                    break;
                case OpCode.CallHelper:
                case OpCode.CallRegister:
                    int number = op.Code == OpCode.CallHelper ? (int)op.Immediate : (int)r[op.Destination];
                    _stepsLeft = left;
                    _pc = pc - 1;
                    r[0] = CallHelper(number, r[1], r[2], r[3], r[4], r[5]);
                    left = _stepsLeft;
                    if (_tailCall is { } next)
                    {
                        _tailCall = null;
                        program = _program = next;
                        ops = ref program.Ops[0];
                        pc = 0;
                        // Only the context is handed on.
                        for (int i = 2; i < 10; i++)
                        {
                            r[i] = Unset;
                        }

                        break;
                    }

                    // Calls keep none of these: who reads one afterwards shall not find what it hopes for.
                    r[1] = r[2] = r[3] = r[4] = r[5] = Unset;
                    break;
                case OpCode.CallProgram:
                    Enter(program, pc, r);
                    r[10] = _frames[_depth].Top;
                    pc = op.Offset;
                    break;
                case OpCode.Exit:
                    if (_depth == entry)
                    {
                        _stepsLeft = left;
                        return r[0];
                    }

                    pc = Leave(r, ref program);
                    ops = ref program.Ops[0];
                    break;
                default:
                    throw new BadProgramException(PositionOf(program, pc - 2), "the program runs over its end");
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte At(ulong address, ulong size, int pc)
    {
        MemoryRegion[] slots = _memory.Slots;
        ulong slot = address >> 32;
        if (slot < (ulong)slots.Length)
        {
            MemoryRegion region = slots[(int)slot];
            ulong offset = address - region.Start;
            if (offset < region.Extent && (offset & region.Mask) + size <= region.CellSize)
            {
                return ref region.Bytes[(int)offset];
            }
        }

        return ref ReadOutside(pc, address, size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte ToWrite(ulong address, ulong size, int pc)
    {
        MemoryRegion[] slots = _memory.Slots;
        ulong slot = address >> 32;
        if (slot < (ulong)slots.Length)
        {
            MemoryRegion region = slots[(int)slot];
            ulong offset = address - region.Start;
            if (offset < region.Extent && (offset & region.Mask) + size <= region.CellSize && region.IsWritable)
            {
                return ref region.Bytes[(int)offset];
            }
        }

        throw Fault(pc, address, size, isWrite: true);
    }
}
