using System.Runtime.CompilerServices;
using Fathom.Format.Instructions;

namespace Fathom.Interpreter;

/// <summary>What BPF defines otherwise than .NET, or .NET has no operator for (RFC 9669, sections 4.1 and 5.3).</summary>
internal static unsafe class Arithmetic
{
    // By zero gives zero.
    public static ulong Divide(ulong dividend, ulong divisor) => divisor == 0 ? 0 : dividend / divisor;

    public static uint Divide(uint dividend, uint divisor) => divisor == 0 ? 0 : dividend / divisor;

    // The smallest number by -1, which .NET throws for, is itself.
    public static long Divide(long dividend, long divisor) => divisor == 0 ? 0 : divisor == -1 ? 0 - dividend : dividend / divisor;

    public static int Divide(int dividend, int divisor) => divisor == 0 ? 0 : divisor == -1 ? 0 - dividend : dividend / divisor;

    // By zero leaves the dividend.
    public static ulong Modulo(ulong dividend, ulong divisor) => divisor == 0 ? dividend : dividend % divisor;

    public static uint Modulo(uint dividend, uint divisor) => divisor == 0 ? dividend : dividend % divisor;

    public static long Modulo(long dividend, long divisor) => divisor == 0 ? dividend : divisor == -1 ? 0 : dividend % divisor;

    public static int Modulo(int dividend, int divisor) => divisor == 0 ? dividend : divisor == -1 ? 0 : dividend % divisor;

    public static void Atomic32(ref byte memory, ulong* r, in Op op)
    {
        uint old = Unsafe.ReadUnaligned<uint>(ref memory);
        uint operand = (uint)r[op.Source];
        var operation = (AtomicOperation)op.Immediate;
        uint now = operation switch
        {
            AtomicOperation.CompareExchange => old == (uint)r[0] ? operand : old,
            AtomicOperation.Exchange => operand,
            _ => (uint)Combine(operation, old, operand),
        };
        Unsafe.WriteUnaligned(ref memory, now);
        Fetch(operation, r, op, old);
    }

    public static void Atomic64(ref byte memory, ulong* r, in Op op)
    {
        ulong old = Unsafe.ReadUnaligned<ulong>(ref memory);
        ulong operand = r[op.Source];
        var operation = (AtomicOperation)op.Immediate;
        ulong now = operation switch
        {
            AtomicOperation.CompareExchange => old == r[0] ? operand : old,
            AtomicOperation.Exchange => operand,
            _ => Combine(operation, old, operand),
        };
        Unsafe.WriteUnaligned(ref memory, now);
        Fetch(operation, r, op, old);
    }

    private static ulong Combine(AtomicOperation operation, ulong old, ulong operand) => (operation & ~AtomicOperation.Fetch) switch
    {
        AtomicOperation.Add => old + operand,
        AtomicOperation.Or => old | operand,
        AtomicOperation.And => old & operand,
        _ => old ^ operand,
    };

    private static void Fetch(AtomicOperation operation, ulong* r, in Op op, ulong old)
    {
        if (operation == AtomicOperation.CompareExchange)
        {
            r[0] = old;
        }
        else if ((operation & AtomicOperation.Fetch) != 0)
        {
            r[op.Source] = old;
        }
    }
}
