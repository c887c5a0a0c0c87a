namespace Fathom.Format.Elf.Images;

/// <summary>Where something lies in an image.</summary>
/// <param name="Address">Its address in the image, before the image is moved to where it is loaded.</param>
/// <param name="Size">Bytes, as the image claims; 0 if it does not say.</param>
public readonly record struct ElfRange(ulong Address, ulong Size);
