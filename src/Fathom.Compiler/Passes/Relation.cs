using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>How two values may stand to each other: less, equal or greater, as unsigned and as signed numbers.</summary>
internal readonly record struct Relation(byte Unsigned, byte Signed)
{
    public const byte Less = 1;
    public const byte Equal = 2;
    public const byte Greater = 4;

    public static readonly Relation Any = new(7, 7);

    /// <summary>What is left of it where a comparison holds.</summary>
    public Relation Where(Comparison comparison)
    {
        var (mask, isUnsigned, isSigned) = Holding(comparison);
        var left = new Relation((byte)(isUnsigned ? Unsigned & mask : Unsigned), (byte)(isSigned ? Signed & mask : Signed));
        // Equal is equal in both.
        return (left.Unsigned & left.Signed & Equal) != 0
            ? left.Unsigned == Equal || left.Signed == Equal ? new(Equal, Equal) : left
            : new((byte)(left.Unsigned & ~Equal), (byte)(left.Signed & ~Equal));
    }

    /// <summary>Whether a comparison holds; null if it may or may not.</summary>
    public bool? Decides(Comparison comparison)
    {
        var (mask, isUnsigned, _) = Holding(comparison);
        int relation = isUnsigned ? Unsigned : Signed;
        return (relation & ~mask) == 0 ? true : (relation & mask) == 0 ? false : null;
    }

    private static (int Mask, bool IsUnsigned, bool IsSigned) Holding(Comparison comparison) => comparison switch
    {
        Comparison.Equal => (Equal, true, true),
        Comparison.NotEqual => (Less | Greater, true, true),
        Comparison.LessUnsigned => (Less, true, false),
        Comparison.LessOrEqualUnsigned => (Less | Equal, true, false),
        Comparison.GreaterUnsigned => (Greater, true, false),
        Comparison.GreaterOrEqualUnsigned => (Greater | Equal, true, false),
        Comparison.LessSigned => (Less, false, true),
        Comparison.LessOrEqualSigned => (Less | Equal, false, true),
        Comparison.GreaterSigned => (Greater, false, true),
        _ => (Greater | Equal, false, true),
    };
}
