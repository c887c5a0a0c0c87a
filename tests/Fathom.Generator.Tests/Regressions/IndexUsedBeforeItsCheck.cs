// What was computed from an index before its check was used behind it, and the verifier knew no limit of that.
public static unsafe class IndexUsedBeforeItsCheck
{
    [System.Runtime.CompilerServices.InlineArray(5)]
    public struct A { private long _first; }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        A five = default;
        five[4] = (long)a;
        uint v = (uint)a;
        o[1] = o[(int)(v & 7)];
        v ^= unchecked((uint)(five[(int)(b & 7)] * five[(int)(v & 7)]));
        return v + b;
    }
}
