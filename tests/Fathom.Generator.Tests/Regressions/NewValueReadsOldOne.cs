// "*p = new S { ... }" was written in place although a value in it reads what is overwritten, through a reference or a pointer, or faults
// when half of it is written.
public static unsafe class NewValueReadsOldOne
{
    public struct S { public ulong X, Y; }

    public struct T
    {
        public ulong X;

        public ulong Y { get; set; }

        public ulong Both { get => X; set { X = value; Y = value + 1; } }
    }

    private static void Assign(ref S s, ref ulong r) => s = new S { X = 4, Y = r };

    private static void Twist(ref T t, in ulong r) => t = new T { Both = r, Y = r };

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        S s = new() { X = a | 1, Y = 2 };
        ref ulong x = ref s.X;
        s = new S { Y = x, X = 3 };
        s = new S { X = 5, Y = x };
        o[0] = s.X + (s.Y * 31);
        Assign(ref s, ref s.X);
        o[1] = s.X + (s.Y * 31);
        ref ulong n = ref s.X, m = ref s.Y;
        s = new S { X = m, Y = n };
        o[2] = s.X + (s.Y * 31);
        T t = new() { Both = b };
        Twist(ref t, in t.X);
        o[3] = t.X + (t.Y * 31);
        ulong number = a;
        ulong* at = &number;
        *(T*)(o + 4) = new T { X = number, Y = b };
        S* p = (S*)(o + 4);
        ref ulong q = ref p->Y;
        *p = new S { X = q + 1, Y = number };
        *p = new S { X = 4, Y = q };
        p = (S*)(o + 6);
        *at = b;
        *p = new S { X = 7, Y = (a / b) + (a % 3) };
        *p = new S { X = 8, Y = a % (b & 1) };
        return number + p->Y;
    }
}
