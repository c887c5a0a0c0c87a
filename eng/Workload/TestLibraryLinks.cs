namespace Fathom.Workloads;

/// <summary>What a <see cref="TestLibrary"/> says of other files.</summary>
internal sealed record TestLibraryLinks
{
    /// <summary>Functions that it calls and does not define.</summary>
    public string[] Imports { get; init; } = [];

    /// <summary>Libraries that it is loaded with.</summary>
    public string[] Needed { get; init; } = [];

    /// <summary>Whether the loader is said to change its code.</summary>
    public bool HasTextRelocations { get; init; }

    /// <summary>How many of its first functions only choose which is called.</summary>
    public int IndirectFunctions { get; init; }

    /// <summary>Whether it is a separate debug file: with all names, those of the functions being <c>hidden0</c> and so on, and without code.</summary>
    public bool IsDebugFile { get; init; }

    /// <summary>The number of its build; empty for none.</summary>
    public byte[] BuildId { get; init; } = [];

    /// <summary>The name of its debug file; empty for none.</summary>
    public string DebugLink { get; init; } = "";

    /// <summary>The checksum of that.</summary>
    public uint DebugChecksum { get; init; }

    /// <summary>A debug file that it carries with it, compressed by xz.</summary>
    public byte[] DebugData { get; init; } = [];
}
