using System;

namespace Fathom.Output.Rows;

/// <summary>Text from the traced system, and what is not known of it.</summary>
public readonly ref struct TextValue
{
    private TextValue(ReadOnlySpan<byte> bytes, long trueLength)
    {
        Bytes = bytes;
        TrueLength = trueLength;
    }

    /// <summary>Text that could not be read.</summary>
    public static TextValue Unreadable => new([], -1);

    /// <summary>The bytes that are known, hopefully UTF-8.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Bytes of the whole text; -1 if none could be read.</summary>
    public long TrueLength { get; }

    /// <summary>Whether it could not be read.</summary>
    public bool IsUnreadable => TrueLength < 0;

    /// <summary>Whether the end is missing.</summary>
    public bool IsTruncated => TrueLength > Bytes.Length;

    /// <summary>All of a text.</summary>
    public static TextValue Whole(ReadOnlySpan<byte> bytes) => new(bytes, bytes.Length);

    /// <summary>The beginning of a text, or all of it.</summary>
    /// <param name="bytes">What is there of it.</param>
    /// <param name="trueLength">Bytes of all of it.</param>
    public static TextValue Beginning(ReadOnlySpan<byte> bytes, long trueLength) => new(bytes, Math.Max(bytes.Length, trueLength));

    /// <summary>Text in a field of fixed size, which a NUL ends if it is shorter.</summary>
    public static TextValue UpToNul(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Whole(end < 0 ? field : field[..end]);
    }
}
