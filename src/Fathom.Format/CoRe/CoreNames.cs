using System;

namespace Fathom.Format.CoRe;

/// <summary>Names without their flavour: <c>request___old</c> means <c>request</c>.</summary>
internal static class CoreNames
{
    /// <summary>Bytes of a name before its last flavour separator: three underscores between other characters.</summary>
    public static int EssentialLength(ReadOnlySpan<byte> name)
    {
        for (int at = name.Length - 5; at >= 0; at--)
        {
            if (name[at] != '_' && name[at + 1] == '_' && name[at + 2] == '_' && name[at + 3] == '_' && name[at + 4] != '_')
            {
                return at + 1;
            }
        }

        return name.Length;
    }

    /// <summary>The name without its flavour.</summary>
    public static ReadOnlySpan<byte> Essential(ReadOnlySpan<byte> name) => name.Slice(0, EssentialLength(name));

    /// <summary>True if both names are equal without their flavours.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Essential(left).SequenceEqual(Essential(right));

    /// <summary>True if a name is <paramref name="essential"/>, with or without a flavour.</summary>
    public static bool IsFlavourOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> essential) =>
        name.StartsWith(essential) && EssentialLength(name) == essential.Length;
}
