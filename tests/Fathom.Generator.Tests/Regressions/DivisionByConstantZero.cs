// C# refuses a constant 0 as a divisor only where both sides are constant. The compiler left out the check of every constant divisor,
// so the program went on with 0.
public static unsafe class DivisionByConstantZero
{
    public static ulong Entry(ulong a, ulong b, ulong* o)
    {
        o[2] = a;
        int v = (int)b;
        o[3] >>>= v / 0;
        return 5;
    }
}
