using System;

namespace Fathom.Format.Objects;

/// <summary>Names of sections that mean something in a BPF object.</summary>
internal static class SectionNames
{
    internal const string Text = ".text";
    internal const string License = "license";
    internal const string Maps = ".maps";
    internal const string Btf = ".BTF";
    internal const string BtfExt = ".BTF.ext";

    /// <summary>Our own, which other loaders skip: lengths of expressions and inlined calls, for which <c>.BTF.ext</c> has no place.</summary>
    internal const string Lines = ".fathom.lines";

    internal const string ReadOnlyData = ".rodata";
    internal const string Data = ".data";
    internal const string ZeroData = ".bss";
    internal const string Configuration = ".kconfig";

    /// <summary>True for a section that becomes a map of one value: <c>.rodata</c>, <c>.data</c>, <c>.bss</c>, or one of these with a suffix.</summary>
    internal static bool IsData(string name) => IsReadOnlyData(name) || IsOf(name, Data) || IsZeroData(name);

    internal static bool IsReadOnlyData(string name) => IsOf(name, ReadOnlyData);

    internal static bool IsZeroData(string name) => IsOf(name, ZeroData);

    /// <summary>Why a section cannot be read; null if it can, or need not be.</summary>
    internal static string? FindProblem(string name) => name switch
    {
        "maps" => "legacy maps (section maps) are not read: define maps with BTF in .maps",
        _ when name.StartsWith("maps/", StringComparison.Ordinal) => "legacy maps (section maps) are not read: define maps with BTF in .maps",
        ".struct_ops" or ".struct_ops.link" or "?.struct_ops" or "?.struct_ops.link" => "struct_ops are not read",
        ".addr_space.1" => "arenas are not read",
        _ => null,
    };

    private static bool IsOf(string name, string section) =>
        name.StartsWith(section, StringComparison.Ordinal) && (name.Length == section.Length || name[section.Length] == '.');
}
