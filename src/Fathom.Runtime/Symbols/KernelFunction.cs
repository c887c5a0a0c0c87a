namespace Fathom.Runtime;

/// <summary>A function of the kernel.</summary>
/// <param name="Name">
/// Its name, with what the compiler put behind it (<c>.isra.0</c>, <c>.constprop.0</c>, <c>.llvm.123</c>). Several static functions may have
/// the same.
/// </param>
/// <param name="Address">Its address; 0 where the kernel hides addresses.</param>
/// <param name="Module">The module that it belongs to; empty for the kernel itself.</param>
public readonly record struct KernelFunction(string Name, ulong Address, string Module);
