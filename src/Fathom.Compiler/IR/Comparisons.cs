using Fathom.Format.Instructions;

namespace Fathom.Compiler.IR;

/// <summary>What follows from a comparison.</summary>
internal static class Comparisons
{
    /// <summary>The comparison that holds where this one does not.</summary>
    public static Comparison Negate(Comparison comparison) => comparison switch
    {
        Comparison.Equal => Comparison.NotEqual,
        Comparison.NotEqual => Comparison.Equal,
        Comparison.LessUnsigned => Comparison.GreaterOrEqualUnsigned,
        Comparison.LessOrEqualUnsigned => Comparison.GreaterUnsigned,
        Comparison.GreaterUnsigned => Comparison.LessOrEqualUnsigned,
        Comparison.GreaterOrEqualUnsigned => Comparison.LessUnsigned,
        Comparison.LessSigned => Comparison.GreaterOrEqualSigned,
        Comparison.LessOrEqualSigned => Comparison.GreaterSigned,
        Comparison.GreaterSigned => Comparison.LessOrEqualSigned,
        _ => Comparison.LessSigned,
    };

    /// <summary>The comparison that says the same with the operands swapped.</summary>
    public static Comparison Swap(Comparison comparison) => comparison switch
    {
        Comparison.LessUnsigned => Comparison.GreaterUnsigned,
        Comparison.LessOrEqualUnsigned => Comparison.GreaterOrEqualUnsigned,
        Comparison.GreaterUnsigned => Comparison.LessUnsigned,
        Comparison.GreaterOrEqualUnsigned => Comparison.LessOrEqualUnsigned,
        Comparison.LessSigned => Comparison.GreaterSigned,
        Comparison.LessOrEqualSigned => Comparison.GreaterOrEqualSigned,
        Comparison.GreaterSigned => Comparison.LessSigned,
        Comparison.GreaterOrEqualSigned => Comparison.LessOrEqualSigned,
        _ => comparison,
    };

    /// <summary>Whether it holds between two numbers of one width; 32-bit numbers are given zero-extended.</summary>
    public static bool Holds(Comparison comparison, long left, long right, int bits)
    {
        long signedLeft = bits == 32 ? (int)left : left;
        long signedRight = bits == 32 ? (int)right : right;
        return comparison switch
        {
            Comparison.Equal => left == right,
            Comparison.NotEqual => left != right,
            Comparison.LessUnsigned => (ulong)left < (ulong)right,
            Comparison.LessOrEqualUnsigned => (ulong)left <= (ulong)right,
            Comparison.GreaterUnsigned => (ulong)left > (ulong)right,
            Comparison.GreaterOrEqualUnsigned => (ulong)left >= (ulong)right,
            Comparison.LessSigned => signedLeft < signedRight,
            Comparison.LessOrEqualSigned => signedLeft <= signedRight,
            Comparison.GreaterSigned => signedLeft > signedRight,
            _ => signedLeft >= signedRight,
        };
    }

    /// <summary>The jump that tests it.</summary>
    public static JumpOperation Jump(Comparison comparison) => comparison switch
    {
        Comparison.Equal => JumpOperation.Equal,
        Comparison.NotEqual => JumpOperation.NotEqual,
        Comparison.LessUnsigned => JumpOperation.LessUnsigned,
        Comparison.LessOrEqualUnsigned => JumpOperation.LessOrEqualUnsigned,
        Comparison.GreaterUnsigned => JumpOperation.GreaterUnsigned,
        Comparison.GreaterOrEqualUnsigned => JumpOperation.GreaterOrEqualUnsigned,
        Comparison.LessSigned => JumpOperation.LessSigned,
        Comparison.LessOrEqualSigned => JumpOperation.LessOrEqualSigned,
        Comparison.GreaterSigned => JumpOperation.GreaterSigned,
        _ => JumpOperation.GreaterOrEqualSigned,
    };
}
