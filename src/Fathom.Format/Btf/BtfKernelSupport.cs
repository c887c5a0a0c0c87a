namespace Fathom.Format.Btf;

/// <summary>Parts of BTF that came after its first version, and whether a kernel accepts them.</summary>
public readonly record struct BtfKernelSupport
{
    /// <summary>Variables and data sections (Linux 5.2).</summary>
    public bool DataSections { get; init; }

    /// <summary>Functions with global linkage (Linux 5.6).</summary>
    public bool GlobalFunctions { get; init; }

    /// <summary>Floating-point types (Linux 5.13).</summary>
    public bool Floats { get; init; }

    /// <summary>Tags on declarations (Linux 5.16).</summary>
    public bool DeclarationTags { get; init; }

    /// <summary>Tags on types (Linux 5.17).</summary>
    public bool TypeTags { get; init; }

    /// <summary>Enumerations of 64 bits, and the sign of all enumerations (Linux 6.0).</summary>
    public bool Enum64 { get; init; }

    /// <summary>A kernel that accepts everything.</summary>
    public static BtfKernelSupport All => new()
    {
        DataSections = true,
        GlobalFunctions = true,
        Floats = true,
        DeclarationTags = true,
        TypeTags = true,
        Enum64 = true,
    };
}
