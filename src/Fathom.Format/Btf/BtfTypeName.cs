namespace Fathom.Format.Btf;

/// <summary>A type to look for.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Name">Its whole name.</param>
public readonly record struct BtfTypeName(BtfKind Kind, string Name);
