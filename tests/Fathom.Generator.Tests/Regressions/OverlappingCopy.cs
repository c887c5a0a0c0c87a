// A struct that was copied over a part of itself was written before it was read: its first word came out everywhere. Two words, which the
// CLR moves in one instruction: it does not read all of a longer one first either.
public static unsafe class OverlappingCopy
{
    public struct S { public ulong X, Y; }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        // A known distance upward and downward, on the stack too.
        *(S*)(o + 1) = *(S*)o;
        *(S*)(o + 3) = *(S*)(o + 4);
        ulong* own = stackalloc ulong[3];
        own[0] = a;
        own[1] = b;
        own[2] = a + b;
        *(S*)(own + 1) = *(S*)own;

        // One that only the run knows.
        ulong* wide = stackalloc ulong[4];
        for (int i = 0; i < 4; i++)
        {
            wide[i] = a * (ulong)i;
        }

        *(S*)(wide + (int)(b & 1)) = *(S*)(wide + (int)(a & 1));
        ulong sum = own[0] + own[1] * 3 + own[2] * 5;
        for (int i = 0; i < 4; i++)
        {
            sum = sum * 3 + wide[i];
        }

        return sum;
    }
}
