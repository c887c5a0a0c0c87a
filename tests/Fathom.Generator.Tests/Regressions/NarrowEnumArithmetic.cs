// The sum of an enum and a number, and the difference of two enums, have the enum's underlying type: they were left as wide as int.
public static unsafe class NarrowEnumArithmetic
{
    public enum Signed : sbyte { Low = -1 }

    public enum Byte : byte { High = 200 }

    public enum Half : ushort { Some = 200 }

    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        Signed s = (Signed)(sbyte)a;
        o[0] = (ulong)(long)(s - Signed.Low);
        Byte e = (Byte)(byte)a, f = e + 100;
        o[1] = ((ulong)f * 2) + (f > Byte.High ? 1ul : 0);
        o[2] = (ulong)(e - Byte.High);
        Half h = (Half)(ushort)b, more = 300 + h, less = h - 400;
        h -= 7;
        h += 60000;
        int kind = (h - less) switch { 5 => 1, > 60000 => 2, _ => 3 };
        Half both = ~less & ~more;
        return (ulong)more + ((ulong)less * 3) + ((ulong)h * 7) + (ulong)kind + ((ulong)both * 31);
    }
}
