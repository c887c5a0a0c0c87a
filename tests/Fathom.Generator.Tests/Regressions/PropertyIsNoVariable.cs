// What an automatic property gives is a value: a member that is called on it, and what gets it by 'in', have a copy. Both had the field.
public static unsafe class PropertyIsNoVariable
{
    public struct Counter { public ulong N; public ulong Next() => ++N; }

    public struct Outer { public Counter In; }

    public struct Holder
    {
        public Counter Kept { get; set; }

        public Outer Deep { get; set; }

        public Counter Free;
    }

    public record struct Pair(Counter Kept, ulong K);

    private static ulong Clear(in Counter c, ref Pair p)
    {
        p = default;
        return c.N;
    }

    private static ulong Clear(in ulong n, ref Pair p)
    {
        p = default;
        return n;
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        Holder h = default;
        h.Kept = new Counter { N = a };
        h.Deep = new Outer { In = h.Kept };
        o[0] = h.Kept.Next() + (h.Kept.Next() * 3) + h.Kept.N + (h.Free.Next() * 31) + (h.Free.N * 7);
        o[1] = h.Deep.In.Next() + (h.Deep.In.Next() * 3) + h.Deep.In.N;
        Pair p = new(new Counter { N = b }, 4);
        o[2] = Clear(p.Kept, ref p);
        p.K = a;
        o[3] = Clear(p.K, ref p);
        p.Kept = h.Kept;
        return Clear(p.Kept.N, ref p);
    }
}
