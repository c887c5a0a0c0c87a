using System.Runtime.InteropServices;
using Fathom.Interpreter;

namespace Fathom.Testing;

/// <summary>A struct in the memory of a test's kernel. Programs find it by its address and cannot write it; the test can.</summary>
/// <typeparam name="T">What it holds.</typeparam>
public sealed class KernelMemory<T>
    where T : unmanaged
{
    internal KernelMemory(MemoryRegion region) => Region = region;

    /// <summary>The struct, to read and to change between runs.</summary>
    public ref T Value => ref MemoryMarshal.AsRef<T>(Region.Span);

    /// <summary>Its address, as programs see it.</summary>
    public ulong Address => Region.Address;

    /// <summary>Its address as a pointer, for a field of another struct. Only programs can follow it.</summary>
    public unsafe T* Pointer => (T*)Region.Address;

    /// <summary>The memory, untyped.</summary>
    public MemoryRegion Region { get; }

    /// <summary>The address as an argument of a program.</summary>
    public static implicit operator Argument(KernelMemory<T> memory) => new(memory.Address);

    /// <summary>The address as an argument of a program.</summary>
    public Argument ToArgument() => this;
}

/// <summary>An argument of a program: what a tracepoint hands over, a number or an address in 64 bits.</summary>
/// <param name="Bits">The 64 bits; a negative number is sign-extended.</param>
public readonly record struct Argument(ulong Bits)
{
    /// <summary>A number.</summary>
    public static implicit operator Argument(int number) => new((ulong)number);

    /// <summary>A number.</summary>
    public static implicit operator Argument(uint number) => new(number);

    /// <summary>A number.</summary>
    public static implicit operator Argument(long number) => new((ulong)number);

    /// <summary>A number or an address.</summary>
    public static implicit operator Argument(ulong number) => new(number);

    /// <summary>A truth value.</summary>
    public static implicit operator Argument(bool value) => new(value ? 1UL : 0);
}
