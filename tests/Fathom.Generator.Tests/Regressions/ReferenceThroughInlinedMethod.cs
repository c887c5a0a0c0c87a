// A number that goes by 'ref' through an inlined method to where an address is needed: what was done there was done to a copy.
public static unsafe class ReferenceThroughInlinedMethod
{
    [Fathom.Bpf.BpfSubprogram]
    public static void Set(ref int x, ulong by) => x += (int)by;

    [Fathom.Bpf.BpfSubprogram]
    public static void Make(out ulong x, ulong by) => x = by * 3;

    [Fathom.Bpf.BpfSubprogram]
    public static int Peek(in int x) => x * 3;

    private static void ToSubprogram(ref int x, ulong by) => Deeper(ref x, by);

    private static void Deeper(ref int x, ulong by)
    {
        Set(ref x, by);
        x++;
    }

    private static void ToSpan(ref int x)
    {
        System.Span<int> s = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref x, 1);
        s[0] += 7;
    }

    private static void ToSpanOfOne(ref int x)
    {
        System.Span<int> s = new System.Span<int>(ref x);
        s[0] *= 7;
    }

    private static void ToPointer(ref int x)
    {
        fixed (int* p = &x)
        {
            *p ^= 0x55;
        }
    }

    private static ulong Out(ulong by, out ulong x)
    {
        Make(out x, by);
        return x++;
    }

    private static int Read(in int x) => Peek(in x) + x;

    private static int OfParameter(int x)
    {
        ToSpan(ref x);
        ref int same = ref x;
        Deeper(ref same, 5);
        return x;
    }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        int v = (int)a, w = (int)b, x = v ^ w, y = v + w;
        ToSubprogram(ref v, b);
        ToSpan(ref w);
        ToSpanOfOne(ref x);
        ToPointer(ref y);
        o[0] = (ulong)v;
        o[1] = (ulong)w;
        o[2] = (ulong)x;
        o[3] = (ulong)y;
        o[4] = Out(a, out ulong made) + made;
        o[5] = Out(b, out _);
        v = Read(in v) + Read(in y) + OfParameter(w);
        for (int i = 0; i < 3; i++)
        {
            int each = i;
            ToSubprogram(ref each, a);
            v = (v * 31) + each;
        }

        return (ulong)v;
    }
}
