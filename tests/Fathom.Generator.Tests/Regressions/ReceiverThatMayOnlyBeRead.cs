// A member that is not 'readonly' works on a copy of a variable that may only be read. It changed the variable.
public static unsafe class ReceiverThatMayOnlyBeRead
{
    public interface ICounter { ulong Next(); }

    public struct Counter : ICounter
    {
        public ulong N;

        public ulong Twice { get { N += 2; return N; } }

        public ulong Next() => ++N;

        public readonly ulong Look() => Next() + N;
    }

    [System.Runtime.CompilerServices.InlineArray(3)]
    public struct Three { public Counter First; }

    public readonly struct Holder
    {
        public readonly Counter Kept;

        public Holder(ulong n)
        {
            Kept = new Counter { N = n };
            Kept.Next();
        }

        public ulong Both() => Kept.Next() + Kept.Twice;
    }

    public struct Open
    {
        public readonly Counter Kept;
        public Counter Free;

        public Open(ulong n)
        {
            Kept.N = n;
            Kept.Next();
        }

        public ulong Change() => (Kept.Next() * 7) + Free.Next();

        public readonly ulong Look() => (Free.Next() * 3) + Free.Twice;
    }

    public readonly record struct Pair(Counter Inner, int K)
    {
        public ulong Two() => Inner.Next() + Inner.Next();
    }

    private static ulong In(in Counter c) => c.Next() + (c.Twice * 3) + (c.N * 5);

    private static ulong Part(in Three t, int i) => t[1].Next() + (t[i].Next() * 3) + (t[1].N * 5);

    private static ulong Generic<T>(in T t)
        where T : struct, ICounter => t.Next() + (t.Next() * 3);

    private static ulong Assigned(ref Counter c, in Counter same)
    {
        c.Next();
        return same.Next() + (c.N * 3);
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        Counter c = new() { N = a };
        o[0] = In(in c) + (Generic(in c) * 31) + (c.Look() * 31 * 31) + c.N;
        o[1] = Assigned(ref c, in c) + c.N;
        ref readonly Counter alias = ref c;
        o[2] = alias.Next() + (alias.Twice * 3) + c.N;
        Three t = default;
        t[1].N = b;
        t[1].Next();
        System.ReadOnlySpan<Counter> read = t;
        o[3] = read[1].Next() + (read[^2].Next() * 3) + (Part(in t, (int)(a & 1)) * 31) + t[1].N;
        ulong sum = 0;
        foreach (Counter each in t)
        {
            // The variable of a 'foreach' is changed, though it cannot be assigned.
            sum = (sum * 31) + each.Next() + (each.Next() * 3) + each.N;
        }

        System.Span<Counter> span = t;
        foreach (ref readonly Counter each in span)
        {
            sum = (sum * 31) + each.Next() + each.N;
        }

        foreach (ref Counter each in span)
        {
            sum = (sum * 31) + each.Next() + each.N;
        }

        o[4] = sum;
        Holder h = new(a);
        o[5] = h.Both() + (h.Kept.Next() * 31) + h.Kept.N;
        Open open = new(b);
        o[6] = open.Change() + (open.Look() * 31) + (open.Kept.N * 31 * 31) + (open.Kept.Twice * 3) + open.Free.N;
        Pair p = new(c, 1);
        return (p.Two() * 31) + p.Inner.N;
    }
}
