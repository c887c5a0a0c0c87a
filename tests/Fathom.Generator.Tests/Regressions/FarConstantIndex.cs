// Constant indices before a buffer, or so far behind a pointer that their distance in bytes is no int, crashed the compiler.
public static unsafe class FarConstantIndex
{
    public struct S
    {
        public ulong Before;
        public fixed ulong Buffer[2];
        public ulong Behind;
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        S* s = (S*)o;
        s->Buffer[-1] = a;
        s->Buffer[2L] += b;
        ulong* last = o + 7;
        last[-1] = a ^ b;
        last[-2L] = last[-7];
        ulong* same = last;
        same[long.MinValue >> 1] += 3;
        return s->Before + s->Behind;
    }
}
