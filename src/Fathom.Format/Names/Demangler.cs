using System;

namespace Fathom.Format.Names;

/// <summary>
/// The names that a compiler gave to functions, as the programmer wrote them: C++ (the Itanium ABI,
/// https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling) and Rust (legacy, and v0 as in
/// https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html). Names come from the traced system and are hostile: depth, work
/// and text are bounded, and what cannot be read stays as it is. The text is hostile too: escape it before a terminal sees it.
/// </summary>
public static class Demangler
{
    /// <summary>The longest name that is read, and the longest text that is made of one, in characters.</summary>
    public const int LongestText = 32_768;

    /// <summary>The name as it was written in the source, for C++ with the types of its parameters; of Rust names without hashes.</summary>
    /// <param name="name">A symbol's name.</param>
    /// <returns>The same string if it is no mangled name, or one that cannot be read.</returns>
    public static string Demangle(string name)
    {
        _ = name ?? throw new ArgumentNullException(nameof(name));
        if (name.Length is < 3 or > LongestText || name[0] != '_')
        {
            return name;
        }

        try
        {
            return name[1] switch
            {
                'R' => RustParser.Demangle(name) ?? name,
                'Z' => RustLegacy.Demangle(name) ?? CppParser.Demangle(name),
                _ => name,
            };
        }
        catch (Exception e) when (e is BadNameException or InsufficientExecutionStackException)
        {
            return name;
        }
    }
}

/// <summary>A name that cannot be read. Never leaves <see cref="Demangler"/>.</summary>
internal sealed class BadNameException : Exception;
