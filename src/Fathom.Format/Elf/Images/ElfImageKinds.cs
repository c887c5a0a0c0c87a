namespace Fathom.Format.Elf.Images;

/// <summary>The machines whose images are read (<c>e_machine</c>).</summary>
public enum ElfMachine : ushort
{
    /// <summary>32-bit x86 (<c>EM_386</c>).</summary>
    X86 = 3,
    /// <summary>x86-64 (<c>EM_X86_64</c>).</summary>
    X64 = 62,
    /// <summary>64-bit Arm (<c>EM_AARCH64</c>).</summary>
    Arm64 = 183,
}

/// <summary>How an image is loaded (<c>e_type</c>).</summary>
public enum ElfImageType : ushort
{
    /// <summary>At the addresses that it says (<c>ET_EXEC</c>).</summary>
    Executable = 2,
    /// <summary>Anywhere: a shared library, or a program built position-independent (<c>ET_DYN</c>).</summary>
    Shared = 3,
}

/// <summary>Which names of functions an image has.</summary>
public enum ElfSymbolKinds
{
    /// <summary>None: neither <c>.symtab</c> nor <c>.dynsym</c>.</summary>
    None = 0,
    /// <summary>Those that it exports or imports (<c>.dynsym</c>): it is stripped.</summary>
    DynamicOnly = 1,
    /// <summary>All of them (<c>.symtab</c>).</summary>
    All = 2,
}

/// <summary>
/// A function that an image defines. A function with several names is there once for each. Bytes of a name that are no UTF-8, and
/// backslashes, are written as <c>\x</c> and two digits. Names are hostile: escape them before a terminal sees them.
/// </summary>
/// <param name="Name">Its name, without a version (<c>@GLIBC_2.2.5</c>), as the linker knows it (mangled).</param>
/// <param name="Address">Its address in the image, before the image is moved to where it is loaded.</param>
/// <param name="Size">Bytes, as the image claims; 0 if it does not say.</param>
/// <param name="FileOffset">Where its first instruction lies in the file, in bytes: what a uprobe is attached to.</param>
/// <param name="IsIndirect">
/// True if it chooses the function that is really called, once, when the program is linked (<c>STT_GNU_IFUNC</c>): a probe on it sees the
/// choice and no calls.
/// </param>
public readonly record struct ElfFunction(string Name, ulong Address, ulong Size, ulong FileOffset, bool IsIndirect);

/// <summary>
/// A statically defined probe (USDT): a no-operation that the program's author put there with a name and arguments.
/// https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
/// </summary>
/// <param name="Provider">Who provides it, for example <c>libc</c>.</param>
/// <param name="Name">Its name. The same probe is there several times where its function was inlined.</param>
/// <param name="Address">Its address in the image, before the image is moved to where it is loaded.</param>
/// <param name="FileOffset">Where it lies in the file, in bytes.</param>
/// <param name="SemaphoreOffset">Where its 16-bit counter of listeners lies in the file, in bytes; 0 if it has none.</param>
/// <param name="Arguments">Its arguments in the assembler's words, separated by spaces: see <see cref="UsdtArgument.ParseAll"/>.</param>
public readonly record struct UsdtProbe(string Provider, string Name, ulong Address, ulong FileOffset, ulong SemaphoreOffset, string Arguments);
