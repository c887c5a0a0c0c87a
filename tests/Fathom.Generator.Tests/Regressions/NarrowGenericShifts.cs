using System.Numerics;

// A shift of a narrow integer in a generic method is by as many bits as the integer has, and '>>>' shifts its own bits.
public static unsafe class NarrowGenericShifts
{
    private static T Left<T>(T x, int n)
        where T : IShiftOperators<T, int, T> => x << n;

    private static T Right<T>(T x, int n)
        where T : IShiftOperators<T, int, T> => x >> n;

    private static T Unsigned<T>(T x, int n)
        where T : IShiftOperators<T, int, T> => x >>> n;

    private static T Assigned<T>(T x, int n)
        where T : IShiftOperators<T, int, T>
    {
        T y = x;
        y <<= n;
        y >>>= n + 1;
        y >>= 17;
        return y;
    }


    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        int n = (int)b;
        o[0] = Left((byte)a, n) + ((ulong)Right((byte)a, n) * 31) + ((ulong)Unsigned((byte)a, n) * 31 * 31) + ((ulong)Assigned((byte)a, n) << 32);
        o[1] = (ulong)(Left((sbyte)a, n) + (Right((sbyte)a, n) * 31L) + (Unsigned((sbyte)a, n) * 31L * 31) + ((long)Assigned((sbyte)a, n) << 32));
        o[2] = (ulong)(Left((short)a, n) + (Right((short)a, n) * 31L) + (Unsigned((short)a, n) * 31L * 31) + ((long)Assigned((short)a, n) << 32));
        o[3] = Left((ushort)a, n) + ((ulong)Right((ushort)a, n) * 31) + ((ulong)Unsigned((ushort)a, n) * 31 * 31) + ((ulong)Assigned((ushort)a, n) << 32);
        o[4] = (ulong)(Left((int)a, n) + (Right((int)a, n) * 31L) + (Unsigned((int)a, n) * 31L * 31) + ((long)Assigned((int)a, n) << 32));
        o[5] = (ulong)(Left((long)a, n) + (Right((long)a, n) * 31L) + (Unsigned((long)a, n) * 31L * 31) + Assigned((long)a, n));
        o[6] = Left((byte)a, 9) + ((ulong)Right((short)a, 17) * 31);
        return (ulong)Unsigned((sbyte)a, 1);
    }
}
