using System.Runtime.CompilerServices;

namespace Fathom.Bpf;

/// <summary>
/// Where the arguments of a USDT probe are, at one of its places: the value of an entry of the map <see cref="MapName"/>, which an object has
/// whose programs take such arguments. Who attaches a program fills in an entry for each place, and gives its key as the cookie (Linux 5.15).
/// Arguments that the probe does not have are 0. At a place without an entry a program ends at once.
/// </summary>
/// <remarks>The notes in files: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation</remarks>
public struct UsdtSpec
{
    /// <summary>Name of the map: keys of 64 bits, values of this type.</summary>
    public const string MapName = "__usdt_specs";

    /// <summary>The arguments, in their order.</summary>
    public UsdtArgumentSpecs Arguments;
}

/// <summary>The arguments of a probe, as many as there may be.</summary>
[InlineArray(Length)]
public struct UsdtArgumentSpecs
{
    /// <summary>How many arguments a probe may have.</summary>
    public const int Length = 12;

    private UsdtArgumentSpec _first;
}

/// <summary>Where one argument of a USDT probe is, 16 bytes.</summary>
public struct UsdtArgumentSpec
{
    /// <summary>The number itself, for <see cref="UsdtArgumentKind.Constant"/>; what is added to the register, for memory.</summary>
    public long Value;

    /// <summary>Offset in bytes of the register in <see cref="PtRegs"/> (<c>%rdi</c> is 112); one more for the second byte of one, as <c>%ah</c>.</summary>
    public ushort Register;

    /// <summary>Offset in bytes of the register that is scaled and added, for <see cref="UsdtArgumentKind.IndexedMemory"/>.</summary>
    public ushort Index;

    /// <summary>Where it is.</summary>
    public UsdtArgumentKind Kind;

    /// <summary>By how many bits the index is shifted: 0 to 3, for factors of 1 to 8.</summary>
    public byte Scale;

    /// <summary>Its bytes: 1, 2, 4 or 8. What is above them is filled with zeros, or with the sign.</summary>
    public byte Size;

    /// <summary>1 if it has a sign, 0 if not.</summary>
    public byte IsSigned;
}

/// <summary>Where an argument of a USDT probe is.</summary>
public enum UsdtArgumentKind : byte
{
    /// <summary>There is none: 0.</summary>
    None = 0,
    /// <summary>A constant: <c>-4@$5</c>.</summary>
    Constant = 1,
    /// <summary>In a register: <c>-4@%edi</c>.</summary>
    Register = 2,
    /// <summary>In memory at a register and a distance: <c>8@-24(%rbp)</c>.</summary>
    Memory = 3,
    /// <summary>In memory at a register, a distance and a second register times a factor: <c>8@8(%rax,%rcx,4)</c>.</summary>
    IndexedMemory = 4,
}
