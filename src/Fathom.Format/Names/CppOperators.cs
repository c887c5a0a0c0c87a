using System;
using System.Collections.Generic;

namespace Fathom.Format.Names;

/// <summary>The codes of operators and of simple types: https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling-operator</summary>
internal static class CppOperators
{
    /// <summary>Code, text, number of operands (0: not in expressions, or of a form of its own).</summary>
    private static readonly (string Code, string Text, int Operands)[] Table =
    [
        ("nw", "new", 0), ("na", "new[]", 0), ("dl", "delete", 0), ("da", "delete[]", 0), ("aw", "co_await ", 1),
        ("ps", "+", 1), ("ng", "-", 1), ("ad", "&", 1), ("de", "*", 1), ("co", "~", 1), ("nt", "!", 1), ("pp", "++", 1), ("mm", "--", 1),
        ("pl", "+", 2), ("mi", "-", 2), ("ml", "*", 2), ("dv", "/", 2), ("rm", "%", 2), ("an", "&", 2), ("or", "|", 2), ("eo", "^", 2),
        ("aS", "=", 2), ("pL", "+=", 2), ("mI", "-=", 2), ("mL", "*=", 2), ("dV", "/=", 2), ("rM", "%=", 2), ("aN", "&=", 2), ("oR", "|=", 2),
        ("eO", "^=", 2), ("ls", "<<", 2), ("rs", ">>", 2), ("lS", "<<=", 2), ("rS", ">>=", 2), ("eq", "==", 2), ("ne", "!=", 2), ("lt", "<", 2),
        ("gt", ">", 2), ("le", "<=", 2), ("ge", ">=", 2), ("ss", "<=>", 2), ("aa", "&&", 2), ("oo", "||", 2), ("cm", ",", 2), ("pm", "->*", 2),
        ("ds", ".*", 2), ("pt", "->", 2), ("dt", ".", 2), ("cl", "()", 0), ("ix", "[]", 0), ("qu", "?", 0),
    ];

    private static readonly Dictionary<string, (string Text, int Operands)> Known = MakeKnown();

    /// <summary>A type of one letter; null if the letter is none.</summary>
    public static string? SimpleType(char code) => code switch
    {
        'v' => "void",
        'w' => "wchar_t",
        'b' => "bool",
        'c' => "char",
        'a' => "signed char",
        'h' => "unsigned char",
        's' => "short",
        't' => "unsigned short",
        'i' => "int",
        'j' => "unsigned int",
        'l' => "long",
        'm' => "unsigned long",
        'x' => "long long",
        'y' => "unsigned long long",
        'n' => "__int128",
        'o' => "unsigned __int128",
        'f' => "float",
        'd' => "double",
        'e' => "long double",
        'g' => "__float128",
        'z' => "...",
        _ => null,
    };

    /// <summary>A type of the letter D and another; null if it is none.</summary>
    public static string? SimpleTypeD(char code) => code switch
    {
        'd' => "decimal64",
        'e' => "decimal128",
        'f' => "decimal32",
        'h' => "half",
        'i' => "char32_t",
        's' => "char16_t",
        'u' => "char8_t",
        'a' => "auto",
        'c' => "decltype(auto)",
        'n' => "decltype(nullptr)",
        _ => null,
    };

    /// <summary>What is written behind a literal of a type; null if the type is written before it in parentheses.</summary>
    public static string? LiteralSuffix(string type) => type switch
    {
        "int" => "",
        "unsigned int" => "u",
        "long" => "l",
        "unsigned long" => "ul",
        "long long" => "ll",
        "unsigned long long" => "ull",
        _ => null,
    };

    public static bool TryFind(string code, out string text, out int operands)
    {
        bool found = Known.TryGetValue(code, out (string Text, int Operands) entry);
        (text, operands) = found ? entry : ("", 0);
        return found;
    }

    private static Dictionary<string, (string Text, int Operands)> MakeKnown()
    {
        Dictionary<string, (string Text, int Operands)> known = new(StringComparer.Ordinal);
        foreach ((string code, string text, int operands) in Table)
        {
            known.Add(code, (text, operands));
        }

        return known;
    }
}
