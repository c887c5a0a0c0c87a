// A slice of a known length at a variable start: the verifier refused the read of its last element, because from "1 <= 3 - start" it
// learns nothing about the start.
public static unsafe class SliceOfKnownLength
{
    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        System.Span<ulong> whole = stackalloc ulong[3];
        whole[2] = b;
        System.Span<ulong> part = whole.Slice((int)(a & 3), 1);
        part[0]++;
        return whole[0] + whole[1] * 3 + whole[2] * 5;
    }
}
