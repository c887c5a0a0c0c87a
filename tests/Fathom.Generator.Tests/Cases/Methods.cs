// Each public method runs on the CLR and in the kernel with the same inputs; the results must be equal.
using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Cases;

public struct Pair
{
    public int A;
    public long B;
    public short C;
    public int Pad0;

    public Pair(int a, long b)
    {
        A = a;
        B = b;
        C = (short)(a + b);
    }

    public readonly long Sum => A + B + C;

    public long Product { readonly get => A * B; set => B = value / 3; }

    public static Pair operator +(Pair x, Pair y) => new() { A = x.A + y.A, B = x.B - y.B, C = (short)(x.C ^ y.C) };

    public static explicit operator long(Pair p) => p.A ^ p.B;

    public void Bump(int by) => A += by;
}

[InlineArray(5)]
public struct Five
{
    private ushort _first;
}

public unsafe struct Buffer
{
    public fixed byte Bytes[16];
    public Five Words;
    public Pair Inner;
}

public record struct Point(int X, int Y);

public enum Small : byte
{
    None = 0, One = 1, Many = 200,
}

public static unsafe class Methods
{
    public static ulong Narrow(ulong a, ulong b)
    {
        sbyte s = (sbyte)a;
        byte u = (byte)b;
        short h = (short)(s * u);
        ushort w = (ushort)(h - s);
        char c = (char)w;
        s += (sbyte)u;
        u <<= 3;
        h -= (short)w;
        w++;
        u--;
        return (ulong)(s + u + h + w + c) ^ (ulong)(long)(int)(long)a ^ (uint)(int)b;
    }

    public static ulong Widths(ulong a, ulong b)
    {
        long x = (int)a;
        ulong y = (uint)(int)(long)b;
        int z = (int)(uint)(sbyte)(byte)(a >> 3);
        x = x * z - (long)(short)b;
        y ^= (ulong)x + (ulong)(nint)z;
        return unchecked((ulong)(-x) + ~y);
    }

    public static ulong Shifts(ulong a, ulong b)
    {
        int i = (int)a, n = (int)b;
        long l = (long)a;
        return (ulong)(i << n) ^ (ulong)(i >> n) ^ (ulong)(uint)(i >>> n) ^ (ulong)(l >> n) ^ (a << n) ^ (a >>> (n + 70)) ^ (ulong)((byte)a << 5);
    }

    public static ulong Divide(ulong a, ulong b)
    {
        int i = (int)a, j = (int)b | 1;
        long l = (long)a, m = (long)b | 1;
        return (ulong)(i / j == int.MinValue ? 0 : i % j) + (ulong)(l / 7) * 3 + (ulong)(l % -13) + a / (b | 1) + a % (b | 1) + (uint)i / 10 + (ulong)(m / 3);
    }

    public static ulong Compare(ulong a, ulong b)
    {
        int i = (int)a, j = (int)b;
        long l = (long)a, m = (long)b;
        uint r = 0;
        r = r * 2 + (i < j ? 1u : 0);
        r = r * 2 + (l <= m ? 1u : 0);
        r = r * 2 + ((uint)i > (uint)j ? 1u : 0);
        r = r * 2 + (a >= b ? 1u : 0);
        bool x = i == j || l != m && !(a < b);
        bool y = x ^ (i > 0) | (j < 0) & x;
        return r * 4 + (x ? 2u : 0) + (y ? 1u : 0);
    }

    public static ulong Order(ulong a, ulong b)
    {
        int x = (int)a, i = 0;
        var buffer = default(Buffer);
        x -= (x = (int)b) >> (i++ & 3);
        buffer.Bytes[i++] += (byte)(i++ * 3);
        buffer.Bytes[1] ^= (byte)(x + i);
        int y = x++ + ++x - x-- * --x;
        buffer.Inner.B = buffer.Inner.A = y;
        return (ulong)(x + y + i) + buffer.Bytes[1] + (ulong)buffer.Inner.B;
    }

    public static ulong Loops(ulong a, ulong b)
    {
        uint sum = 0;
        for (uint i = 0; i < 20; i++)
        {
            if (i == (b & 31)) { break; }
            if ((i & 1) != 0) { continue; }
            sum += i * (uint)a;
        }

        int k = 5;
        while (k-- > 0) { sum ^= (uint)k << (int)(a & 7); }
        do { sum = sum * 3 + 1; } while (++k < 4);
        for (int i = 0, j = 9; i < j; i++, j--) { sum += (uint)(i * j); }
        return sum;
    }

    public static ulong Switches(ulong a, ulong b)
    {
        int r = 0;
        switch ((int)(a % 7))
        {
            case 0: r = 1; break;
            case 1:
            case 2: r = 2; goto case 5;
            case 3 when b > 10: r = 3; break;
            case 5: r += 50; break;
            case > 4: r = 60; break;
            default: r = -1; break;
        }

        r += (sbyte)a switch { 0 => 5, < -100 or > 100 => 7, >= 1 and < 50 and not 7 => 9, var v when v == 7 => 11, _ => 13 };
        var small = (Small)b;
        r *= small switch { Small.None => 2, Small.Many => 3, _ => 5 };
        return (ulong)r + (b is >= 3 and <= 900 or 1_000_000 ? 1_000u : 0) + (small is not Small.One ? 7u : 0);
    }

    public static ulong Structs(ulong a, ulong b)
    {
        var p = new Pair { A = (int)a, B = (long)b };
        var q = new Pair((int)b, 7);
        Pair sum = p + q;
        sum.Bump(3);
        sum.Product = 100;
        p = q with { C = 9 };
        q = a > b ? p : sum;
        var copy = q;
        copy.A++;
        return (ulong)(sum.Sum + sum.Product + q.A + copy.A + (long)p + Take(copy, ref q) + q.C);
    }

    private static long Take(Pair byValue, ref Pair byReference)
    {
        byValue.A = 1;
        byReference.C = 2;
        byReference.B += byValue.A;
        return byValue.Sum - byReference.Sum;
    }

    // What is assigned to is evaluated once.
    public static ulong Once(ulong a, ulong b)
    {
        Pair* pairs = stackalloc Pair[4];
        var one = new Pair((int)a, (long)b);
        int i = 0;
        pairs[i++] += one;
        Pair last = pairs[i++] = one;
        pairs[Next(ref i)] = pairs[0] = new Pair(7, pairs[0].B);
        (pairs[3], i) = (last, i + 100);
        long sum = 0;
        for (int k = 0; k < 4; k++) { sum = sum * 31 + pairs[k].A + pairs[k].B * 3 + pairs[k].C; }
        return (ulong)(sum + last.Sum + i);
    }

    private static int Next(ref int i) => i++ & 3;

    public static ulong TupleConversions(ulong a, ulong b)
    {
        (int p, long q) = ((byte, sbyte))((int)a, (int)b);
        (long, long) wide = ((short, ushort))((int)a, (int)b);
        (int x, int y) source = ((int)a, (int)b);
        (long r, ulong s) = ((byte, ushort))source;
        return (ulong)(p + q * 3 + wide.Item1 * 5 + wide.Item2 * 7 + r * 11) + s * 13;
    }

    public static ulong Records(ulong a, ulong b)
    {
        var p = new Point((int)a, (int)b);
        p.X += 2;
        (int X, int Y) t = (p.Y, p.X);
        (t.X, t.Y) = (t.Y, t.X + 1);
        var (m, n) = Two(t.X, t.Y);
        (m, n) = (n, m);
        (long wide, short narrow) = ((int)a, (short)b);
        (long, ulong) converted = Small2((byte)b);
        m += wide - narrow + converted.Item1 + (long)converted.Item2;
        return (ulong)(m * 3 + n) + (ulong)(p is { X: > 0, Y: < 100 } ? 1 : 2);
    }

    private static (sbyte, byte) Small2(byte b) => ((sbyte)b, b);

    private static (long, long) Two(int a, int b) => a > b ? (a, b) : (b - 1, a);

    public static ulong Arguments(ulong a, ulong b)
    {
        int x = (int)a;
        if (!TryHalve(x, out int half)) { half = -1; }
        Add(ref x, half);
        Swap(ref x, ref half);
        long r = Generic((long)b, x) + Generic((byte)a, (byte)b);
        int Local(int y) => y + half + x;
        return (ulong)(r + Local(3) + Clamp(value: (int)b, high: 10));
    }

    private static bool TryHalve(int x, out int half)
    {
        half = x / 2;
        return (x & 1) == 0;
    }

    private static void Add(ref int x, in int y) => x += y;

    private static void Swap<T>(ref T x, ref T y) => (x, y) = (y, x);

    private static T Generic<T>(T a, T b)
        where T : unmanaged => sizeof(T) > 4 ? a : b;

    private static int Clamp(int value, int low = -5, int high = 5)
    {
        if (value < low) { return low; }
        if (value > high) { return high; }
        return value;
    }

    public static ulong Pointers(ulong a, ulong b)
    {
        uint* p = stackalloc uint[6];
        for (uint i = 0; i < 6; i++) { p[i] = (uint)a + i; }
        uint* q = p + 2;
        *q += (uint)b;
        q[1] = *(q - 1) ^ *q++;
        ushort* h = (ushort*)p;
        int local = (int)b;
        int* l = &local;
        *l *= 3;
        Pair pair = default;
        Pair* s = &pair;
        s->A = (int)(q - p);
        (*s).B = h[3];
        return p[0] + p[2] + p[3] + (ulong)local + (ulong)pair.A + (ulong)pair.B + (q == p + 3 ? 5u : 0) + (l != null ? 1u : 0);
    }

    public static ulong Spans(ulong a, ulong b)
    {
        Span<byte> s = stackalloc byte[16];
        for (int i = 0; i < s.Length; i++) { s[i] = (byte)(a >> (i & 7)); }
        Span<byte> t = s.Slice(3, 8);
        t[2] = 77;
        Span<byte> u = t[1..^2];
        u[^1] = 5;
        ReadOnlySpan<byte> text = "hello"u8;
        uint sum = 0;
        foreach (byte v in u) { sum = sum * 31 + v; }
        s[0] = (byte)'h'; s[1] = (byte)'e';
        bool starts = ((ReadOnlySpan<byte>)s).StartsWith("he"u8);
        bool other = t.StartsWith("xyz"u8);
        return sum + (ulong)u.Length * 1000 + text[(int)(b % 5)] + (starts ? 1u << 20 : 0) + (other ? 1u << 21 : 0) + (text.SequenceEqual("hello"u8) ? 1u << 22 : 0) + Total(s);
    }

    private static uint Total(ReadOnlySpan<byte> bytes)
    {
        uint total = 0;
        for (int i = 0; i < bytes.Length; i++) { total += bytes[i]; }
        return total;
    }

    public static ulong InlineArrays(ulong a, ulong b)
    {
        Buffer buffer = default;
        buffer.Words[2] = (ushort)a;
        buffer.Words[(int)(b % 5)] += 9;
        uint sum = 0;
        for (int i = 0; i < 5; i++) { sum = sum * 7 + buffer.Words[i]; }
        buffer.Bytes[(int)(a % 16)] = 3;
        for (int i = 0; i < 16; i++) { sum += (uint)(buffer.Bytes[i] * i); }
        return sum + (ulong)sizeof(Buffer);
    }

    public static ulong Bits(ulong a, ulong b) =>
        (ulong)BitOperations.Log2(a) + (ulong)BitOperations.LeadingZeroCount((uint)b) * 100 + BitOperations.RotateLeft(a, (int)b)
        + BinaryPrimitives.ReverseEndianness((ushort)a) + BinaryPrimitives.ReverseEndianness((int)b > 0 ? (uint)b : 1u) + BinaryPrimitives.ReverseEndianness(a)
        + (ulong)(Math.Min((int)a, (int)b) + Math.Max((long)a, (long)b));

    public static ulong Enums(ulong a, ulong b)
    {
        var s = (Small)a;
        s |= Small.One;
        Small t = ~s;
        s ^= (Small)b;
        return (ulong)s + (ulong)(int)t * 256 + (s > Small.One ? 1u : 0);
    }

    public static ulong Gotos(ulong a, ulong b)
    {
        uint n = 0;
    again:
        n += (uint)b & 3;
        if (++n < 10) { goto again; }
        return n * (a > 5 ? 2u : 3u);
    }
}
