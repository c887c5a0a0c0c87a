using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.Emission;

/// <summary>Embeds an object file in the class it was compiled from.</summary>
internal static class BytecodeWriter
{
    /// <summary>Writes the bytes as 64-bit words: the C# compiler is several times faster on them than on a list of bytes.</summary>
    public static GeneratedFile Write(INamedTypeSymbol type, byte[] bytes)
    {
        SourceWriter w = SourceWriter.Begin(type);
        w.Line("private static global::System.ReadOnlySpan<ulong> ObjectWords =>");
        w.Line("[");
        var line = new StringBuilder("    ");
        for (int i = 0; i < bytes.Length; i += 8)
        {
            ulong word = 0;
            for (int j = 7; j >= 0; j--)
            {
                word = (word << 8) | (i + j < bytes.Length ? bytes[i + j] : 0u);
            }

            _ = line.Append("0x").Append(word.ToString("x", CultureInfo.InvariantCulture)).Append("UL, ");
            if (line.Length > 120)
            {
                w.Line(line.ToString().TrimEnd());
                line = new StringBuilder("    ");
            }
        }

        w.Line(line.ToString().TrimEnd());
        w.Line("];").Line();
        w.Line("static partial void ReadObjectFile(ref byte[]? bytes) =>");
        w.Line("    bytes = global::System.Runtime.InteropServices.MemoryMarshal.AsBytes(ObjectWords)[.." + bytes.Length.ToString(CultureInfo.InvariantCulture) + "].ToArray();");
        return new GeneratedFile(AccessorWriter.HintName(type) + ".Object.g.cs", w.End());
    }
}
