// Each of these was refused, or said to be something that it is not.
public static unsafe class RefusedWithoutNeed
{
    public struct Made
    {
        public ulong N;

        public static implicit operator Made(int k) => new() { N = (ulong)k + 1 };

        public static implicit operator ulong(Made m) => m.N * 3;
    }

    public struct S
    {
        public ulong X;

        public ulong Y { get; set; }

        public ulong Z { readonly get => X * 2; set { X = value; } }
    }

    private static ulong Sum(in System.ReadOnlySpan<ulong> values)
    {
        ulong sum = 0;
        foreach (ulong value in values)
        {
            sum = (sum * 3) + value;
        }

        return sum;
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        int v = (int)a;
        v.Increase();
        v.Increase();
        o[0] = (ulong)v;
        goto Over;
#pragma warning disable CS0162 // What goto jumps over is the case.
        int skipped;
        S skippedToo;
    Over:
        skipped = (int)b;
        skippedToo = new S { X = b };
        o[1] = (ulong)skipped + skippedToo.X;
        System.Span<ulong> span = new(o, 4);
        o[2] = Sum(span) + Sum(span[1..]);
        S t = default;
        t.Y = t.Z = a;
        o[3] = t.X + (t.Y * 3) + (t.Z = b) + (t.X * 5);
        System.Span<int> numbers = stackalloc int[2];
        numbers[0] = (int)a;
        foreach (Made made in numbers)
        {
            o[4] = (o[4] * 5) + made.N;
        }

        System.Span<Made> several = stackalloc Made[2];
        several[1] = numbers[0];
        foreach (ulong number in several)
        {
            o[5] = (o[5] * 5) + number;
        }

        return o[5];
    }
}

public static class RefusedWithoutNeedExtensions
{
    extension(ref int x)
    {
        public void Increase() => x++;
    }
}
