// A span of a negative length is a fault, as docs/language.md says. It was made, and had a length below 0.
public static unsafe class SpanOfNegativeLength
{
    private static ulong Of(ref ulong first, int length) => (ulong)System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref first, length).Length;

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        var s = new System.Span<ulong>(o, (int)a & -2147483647);
        o[0] = (ulong)s.Length + 1;
        o[1] = Of(ref *o, (int)b);
        if (o[0] == 3)
        {
            var none = new System.ReadOnlySpan<ulong>(o, -1);
            return (ulong)none.Length;
        }

        return o[0] * 3;
    }
}
