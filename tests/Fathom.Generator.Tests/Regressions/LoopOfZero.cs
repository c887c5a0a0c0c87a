// The kernel drops the body of a loop that never runs, and then misses it.
public static unsafe class LoopOfZero
{
    public struct T { public int G; }

    public static long Body(uint index, T* p)
    {
        p->G++;
        return 0;
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        T u = default;
        return (ulong)Fathom.Bpf.Helpers.Loop(0, &Body, &u) + (ulong)u.G;
    }
}
