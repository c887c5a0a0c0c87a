using System;

namespace Fathom.Format.Names;

/// <summary>
/// The names that a compiler gave to functions, as the programmer wrote them: C++ (the Itanium ABI,
/// https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling) and Rust (legacy, and v0 as in
/// https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html). Names come from the traced system and are hostile: depth is
/// bounded, work and text by the length of the name, and what cannot be read stays as it is. The text is hostile too: escape it before a terminal sees it.
/// </summary>
public static class Demangler
{
    /// <summary>The longest name that is read, and the longest text that is made of one, in characters.</summary>
    public const int LongestText = 32_768;

    // Of 212,235 names of C++ programs, LLVM among them, the worst takes 10 steps of the printer and 27 characters of text for one of its own.
    // So all names of a file cost in proportion to what they add up to.
    internal static int StepsOfReading(string name) => 1_000 + (8 * name.Length);

    internal static int StepsOfWriting(string name) => 1_000 + (32 * name.Length);

    internal static int TextOf(string name) => Math.Min(LongestText, 2_048 + (64 * name.Length));

    /// <summary>The name as it was written in the source, for C++ with the types of its parameters; of Rust names without hashes.</summary>
    /// <param name="name">A symbol's name.</param>
    /// <returns>The same string if it is no mangled name, or one that cannot be read.</returns>
    public static string Demangle(string name) => Read(name, wantsPlain: false, out _);

    /// <summary>As <see cref="Demangle(string)"/>, and besides it the name alone.</summary>
    /// <param name="name">A symbol's name.</param>
    /// <param name="plain">
    /// What it returns without the result, the parameters and the qualifiers of the function: <c>ns::C::operator()</c> for
    /// <c>ns::C::operator()(int) const</c>, <c>f&lt;int&gt;</c> for <c>void f&lt;int&gt;(int)</c>. The suffix of a copy of a function
    /// (<c>.constprop.0</c>) is left away too, but not that of a piece of one (<c>.cold</c>, <c>.part.0</c>), which is not called in its
    /// place. Rust names have no parameters: the same text.
    /// </param>
    /// <returns>The same string, here and in <paramref name="plain"/>, if it is no mangled name, or one that cannot be read.</returns>
    public static string Demangle(string name, out string plain) => Read(name, wantsPlain: true, out plain);

    private static string Read(string name, bool wantsPlain, out string plain)
    {
        plain = name ?? throw new ArgumentNullException(nameof(name));
        if (name.Length is < 3 or > LongestText || name[0] != '_' || name[1] is not ('R' or 'Z'))
        {
            return name;
        }

        try
        {
            if ((name[1] == 'R' ? RustParser.Demangle(name) ?? name : RustLegacy.Demangle(name)) is { } rust)
            {
                return plain = rust;
            }

            return wantsPlain ? CppParser.Demangle(name, out plain) : CppParser.Demangle(name);
        }
        catch (Exception e) when (e is BadNameException or InsufficientExecutionStackException)
        {
            return plain = name;
        }
    }
}

/// <summary>A name that cannot be read. Never leaves <see cref="Demangler"/>.</summary>
internal sealed class BadNameException : Exception;
