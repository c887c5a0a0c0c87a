// A bool that is read from memory may have other bits than the lowest: '!' of it is false all the same, and it is equal to true.
public static unsafe class BoolOfOtherBits
{
    public struct S { public bool A, B; }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        *(byte*)o = (byte)(a & 3);
        bool* p = (bool*)o;
        bool x = *p, y = !x;
        S* s = (S*)(o + 1);
        *(byte*)s = (byte)(b & 6);
        ((byte*)s)[1] = (byte)a;
        bool z = !s->A, w = !!s->B;
        bool v = x == true, u = x != true, t = false == s->A;
        o[2] = (v ? 1ul : 0) + (u ? 2ul : 0) + (t ? 4ul : 0) + (x == true ? 8ul : 0) + (s->B is true ? 16ul : 0) + (s->A is not false ? 32ul : 0);
        o[3] = s->B switch { true => a, false => b };
        switch (s->A)
        {
            case true:
                o[4]++;
                break;
            default:
                o[4]--;
                break;
        }

        return (x ? 1ul : 0) + (y ? 2ul : 0) + (z ? 4ul : 0) + (w ? 8ul : 0) + (!z ? 16ul : 0);
    }
}
