using System.Text;

namespace Fathom.Format.Names;

/// <summary>
/// Reads Rust names in the legacy mangling: a C++ name of nested parts, the last of which is a hash, with what is no identifier written
/// between dollar signs. https://github.com/rust-lang/rust/blob/1.75.0/compiler/rustc_symbol_mangling/src/legacy.rs
/// </summary>
internal static class RustLegacy
{
    private const int HashLength = 17;

    /// <summary>The path without its hash; null if it is no such name.</summary>
    public static string? Demangle(string name)
    {
        if (!name.StartsWith("_ZN", System.StringComparison.Ordinal))
        {
            return null;
        }

        StringBuilder text = new();
        int at = 3;
        bool isHash = false;
        while (at < name.Length && name[at] != 'E')
        {
            int length = 0;
            int digits = at;
            while (at < name.Length && name[at] is >= '0' and <= '9' && at - digits < 6)
            {
                length = (length * 10) + name[at++] - '0';
            }

            if (at == digits || length == 0 || length > name.Length - at)
            {
                return null;
            }

            isHash = IsHash(name, at, length);
            if (!isHash)
            {
                text.Append(text.Length > 0 ? "::" : "");
                AppendPart(text, name, at, at + length);
            }

            at += length;
        }

        return isHash && text.Length > 0 && at < name.Length && (at + 1 == name.Length || name[at + 1] == '.')
            ? text.Append(Suffix(name, at + 1)).ToString()
            : null;
    }

    /// <summary>What LLVM put behind a name, without the hash of the module that a private function had to be made visible for.</summary>
    public static string Suffix(string name, int at)
    {
        string suffix = name.Substring(at);
        int hash = suffix.IndexOf(".llvm.", System.StringComparison.Ordinal);
        return hash < 0 ? suffix : suffix.Substring(0, hash);
    }

    private static bool IsHash(string name, int at, int length)
    {
        if (length != HashLength || name[at] != 'h')
        {
            return false;
        }

        for (int i = at + 1; i < at + length; i++)
        {
            if (name[i] is not (>= '0' and <= '9' or >= 'a' and <= 'f'))
            {
                return false;
            }
        }

        return true;
    }

    private static void AppendPart(StringBuilder text, string name, int at, int end)
    {
        // A part that begins with an escape has an underscore before it.
        at += end - at > 1 && name[at] == '_' && name[at + 1] == '$' ? 1 : 0;
        while (at < end)
        {
            if (name[at] == '.')
            {
                bool isPath = at + 1 < end && name[at + 1] == '.';
                text.Append(isPath ? "::" : ".");
                at += isPath ? 2 : 1;
            }
            else if (name[at] == '$' && name.IndexOf('$', at + 1, end - at - 1) is var close and > 0 && Unescape(name.Substring(at + 1, close - at - 1)) is { } letter)
            {
                text.Append(letter);
                at = close + 1;
            }
            else
            {
                text.Append(name[at++]);
            }
        }
    }

    private static string? Unescape(string code) => code switch
    {
        "SP" => "@",
        "BP" => "*",
        "RF" => "&",
        "LT" => "<",
        "GT" => ">",
        "LP" => "(",
        "RP" => ")",
        "C" => ",",
        _ => Rune(code) is var rune and ((>= 0x20 and < 0x7f) or (>= 0xa0 and < 0xd800) or (>= 0xe000 and <= 0x10ffff))
            ? char.ConvertFromUtf32(rune)
            : null,
    };

    // u and up to six hexadecimal digits; -1 for anything else.
    private static int Rune(string code)
    {
        if (code.Length is < 2 or > 7 || code[0] != 'u')
        {
            return -1;
        }

        int rune = 0;
        for (int i = 1; i < code.Length; i++)
        {
            int digit = code[i] switch { >= '0' and <= '9' => code[i] - '0', >= 'a' and <= 'f' => code[i] - 'a' + 10, _ => -1 };
            if (digit < 0)
            {
                return -1;
            }

            rune = (rune << 4) | digit;
        }

        return rune;
    }
}
