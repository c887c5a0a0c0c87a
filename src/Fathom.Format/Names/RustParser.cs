using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fathom.Format.Names;

/// <summary>
/// Reads Rust names in the v0 mangling and writes them as it goes:
/// https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html. References back into the name are read again where they stand,
/// so that depth, steps and text are bounded.
/// </summary>
internal sealed class RustParser
{
    private const int DeepestNesting = 128;

    private readonly string _name;
    private readonly StringBuilder _text = new();
    private readonly int _mostSteps;
    private readonly int _mostText;
    private int _at;
    private int _depth;
    private int _steps;
    private ulong _lifetimes;
    private int _silent;

    private RustParser(string name)
    {
        _name = name;
        _mostSteps = Demangler.StepsOfReading(name);
        _mostText = Demangler.TextOf(name);
    }

    /// <summary>The path without hashes; null if it is no such name.</summary>
    /// <exception cref="BadNameException">It cannot be read.</exception>
    public static string? Demangle(string name)
    {
        RustParser parser = new(name) { _at = 2 };

        // A number is the version of a later encoding.
        if (parser.Peek() is not (>= 'A' and <= 'Z'))
        {
            return null;
        }

        parser.ParsePath(inValue: true);
        if (parser.Peek() is >= 'A' and <= 'Z')
        {
            // The crate that a generic function was made for.
            parser._silent++;
            parser.ParsePath(inValue: false);
            parser._silent--;
        }

        Require(parser._at == name.Length || parser.Peek() is '.' or '$');
        return parser._text.Append(RustLegacy.Suffix(name, parser._at)).ToString();
    }

    private char Peek() => _at < _name.Length ? _name[_at] : '\0';

    private char Next()
    {
        Require(_at < _name.Length);
        return _name[_at++];
    }

    private bool Take(char letter)
    {
        bool found = Peek() == letter;
        _at += found ? 1 : 0;
        return found;
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new BadNameException();
        }
    }

    private void Enter()
    {
        Require(++_depth <= DeepestNesting);
        Spend(1);
        RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    private void Spend(int steps)
    {
        _steps += steps;
        Require(_steps <= _mostSteps);
    }

    private void Leave() => _depth--;

    private void Write(string text)
    {
        if (_silent == 0)
        {
            _text.Append(text);
            Require(_text.Length <= _mostText);
        }
    }

    // "_" is 0, "0_" is 1, "Z_" is 62.
    private ulong ParseBase62()
    {
        if (Take('_'))
        {
            return 0;
        }

        ulong number = 0;
        while (!Take('_'))
        {
            char digit = Next();
            int value = digit switch
            {
                >= '0' and <= '9' => digit - '0',
                >= 'a' and <= 'z' => digit - 'a' + 10,
                >= 'A' and <= 'Z' => digit - 'A' + 36,
                _ => -1,
            };
            Require(value >= 0 && number <= (ulong.MaxValue - 62) / 62);
            number = (number * 62) + (ulong)value;
        }

        return number + 1;
    }

    private ulong ParseOptional(char mark) => Take(mark) ? ParseBase62() + 1 : 0;

    private string ParseIdentifier(out ulong disambiguator)
    {
        disambiguator = ParseOptional('s');
        return ParsePlainIdentifier();
    }

    private string ParsePlainIdentifier()
    {
        bool isPunycode = Take('u');
        Require(Peek() is >= '0' and <= '9');
        int length = Next() - '0';
        while (length > 0 && Peek() is >= '0' and <= '9')
        {
            length = (length * 10) + Next() - '0';
            Require(length <= _name.Length);
        }

        Take('_');
        Require(length <= _name.Length - _at);
        Spend(length / 4);
        string text = _name.Substring(_at, length);
        _at += length;
        return isPunycode ? Punycode.Decode(text) ?? throw new BadNameException() : text;
    }

    // Reads what stands elsewhere in the name. Only what stands before: so this ends.
    private int ParseBackReference()
    {
        int start = _at - 1;
        ulong target = ParseBase62();
        Require(target + 2 < (ulong)start);
        int back = _at;
        _at = (int)target + 2;
        return back;
    }

    private void ParsePath(bool inValue)
    {
        Enter();
        switch (Next())
        {
            case 'C':
                Write(ParseIdentifier(out _));
                break;
            case 'N':
                ParseNestedPath(inValue);
                break;
            case 'M':
                ParseImplementation();
                Write("<");
                ParseType();
                Write(">");
                break;
            case 'X':
                ParseImplementation();
                ParseQualified();
                break;
            case 'Y':
                ParseQualified();
                break;
            case 'I':
                ParsePath(inValue);
                Write(inValue ? "::<" : "<");
                ParseGenericArguments();
                Write(">");
                break;
            case 'B':
                int back = ParseBackReference();
                if (_silent == 0)
                {
                    ParsePath(inValue);
                }

                _at = back;
                break;
            default:
                throw new BadNameException();
        }

        Leave();
    }

    private void ParseNestedPath(bool inValue)
    {
        char space = Next();
        Require(space is >= 'a' and <= 'z' or >= 'A' and <= 'Z');
        ParsePath(inValue);
        string name = ParseIdentifier(out ulong disambiguator);
        if (space is >= 'A' and <= 'Z')
        {
            // What the compiler made and gave no name.
            string kind = space switch { 'C' => "closure", 'S' => "shim", _ => space.ToString() };
            Write("::{" + kind + (name.Length > 0 ? ":" + name : "") + "#" + disambiguator.ToString(CultureInfo.InvariantCulture) + "}");
        }
        else if (name.Length > 0)
        {
            Write("::");
            Write(name);
        }
    }

    // Where an implementation stands in the source says little, and is not written.
    private void ParseImplementation()
    {
        ParseOptional('s');
        _silent++;
        ParsePath(inValue: false);
        _silent--;
    }

    private void ParseQualified()
    {
        Write("<");
        ParseType();
        Write(" as ");
        ParsePath(inValue: false);
        Write(">");
    }

    private void ParseGenericArguments()
    {
        for (bool first = true; !Take('E'); first = false)
        {
            Write(first ? "" : ", ");
            if (Take('L'))
            {
                WriteLifetime(ParseBase62());
            }
            else if (Take('K'))
            {
                ParseConstant();
            }
            else
            {
                ParseType();
            }
        }
    }

    // 0 is erased; others count outwards from the innermost binder.
    private void WriteLifetime(ulong index)
    {
        if (index == 0)
        {
            Write("'_");
            return;
        }

        Require(index <= _lifetimes);
        ulong depth = _lifetimes - index;
        Write(depth < 26 ? "'" + (char)('a' + depth) : "'_" + depth.ToString(CultureInfo.InvariantCulture));
    }

    private ulong ParseBinder()
    {
        ulong count = ParseOptional('G');
        Require(count <= 1_000);
        if (count > 0)
        {
            Write("for<");
            Spend((int)count);
            for (ulong i = 0; i < count; i++)
            {
                _lifetimes++;
                Write(i > 0 ? ", " : "");
                WriteLifetime(1);
            }

            Write("> ");
        }

        return count;
    }

    private void ParseType()
    {
        Enter();
        char kind = Next();
        if (SimpleType(kind) is { } simple)
        {
            Write(simple);
            Leave();
            return;
        }

        switch (kind)
        {
            case 'R' or 'Q':
                Write("&");
                if (Take('L') && ParseBase62() is var lifetime and > 0)
                {
                    WriteLifetime(lifetime);
                    Write(" ");
                }

                Write(kind == 'Q' ? "mut " : "");
                ParseType();
                break;
            case 'P' or 'O':
                Write(kind == 'P' ? "*const " : "*mut ");
                ParseType();
                break;
            case 'A' or 'S':
                Write("[");
                ParseType();
                if (kind == 'A')
                {
                    Write("; ");
                    ParseConstant();
                }

                Write("]");
                break;
            case 'T':
                Write("(");
                int count = ParseTypes();
                Write(count == 1 ? ",)" : ")");
                break;
            case 'F':
                ParseFunction();
                break;
            case 'D':
                ParseDynamic();
                break;
            case 'B':
                int back = ParseBackReference();
                if (_silent == 0)
                {
                    ParseType();
                }

                _at = back;
                break;
            default:
                _at--;
                ParsePath(inValue: false);
                break;
        }

        Leave();
    }

    private int ParseTypes()
    {
        int count = 0;
        while (!Take('E'))
        {
            Write(count++ > 0 ? ", " : "");
            ParseType();
        }

        return count;
    }

    private void ParseFunction()
    {
        ulong bound = ParseBinder();
        Write(Take('U') ? "unsafe " : "");
        if (Take('K'))
        {
            string convention = Take('C') ? "C" : ParsePlainIdentifier().Replace('_', '-');
            Write("extern \"" + convention + "\" ");
        }

        Write("fn(");
        ParseTypes();
        Write(")");
        if (!Take('u'))
        {
            Write(" -> ");
            ParseType();
        }

        _lifetimes -= bound;
    }

    private void ParseDynamic()
    {
        Write("dyn ");
        ulong bound = ParseBinder();
        for (bool first = true; !Take('E'); first = false)
        {
            Write(first ? "" : " + ");
            ParseTrait();
        }

        _lifetimes -= bound;
        Require(Take('L'));
        if (ParseBase62() is var lifetime and > 0)
        {
            Write(" + ");
            WriteLifetime(lifetime);
        }
    }

    // A path whose angle brackets go on with the types that belong to the trait: `Iterator<Item = u8>`.
    private void ParseTrait()
    {
        bool open = ParseOpenPath();
        while (Take('p'))
        {
            Write(open ? ", " : "<");
            open = true;
            Write(ParsePlainIdentifier());
            Write(" = ");
            ParseType();
        }

        Write(open ? ">" : "");
    }

    private bool ParseOpenPath()
    {
        Enter();
        bool open = false;
        if (Take('B'))
        {
            int back = ParseBackReference();
            open = _silent == 0 && ParseOpenPath();
            _at = back;
        }
        else if (Take('I'))
        {
            ParsePath(inValue: false);
            Write("<");
            ParseGenericArguments();
            open = true;
        }
        else
        {
            ParsePath(inValue: false);
        }

        Leave();
        return open;
    }

    private void ParseConstant()
    {
        Enter();
        char kind = Next();
        switch (kind)
        {
            case 'p':
                Write("_");
                break;
            case 'B':
                int back = ParseBackReference();
                if (_silent == 0)
                {
                    ParseConstant();
                }

                _at = back;
                break;
            case 'b':
                Write(ParseHex(out _) switch { "0" or "" => "false", "1" => "true", _ => throw new BadNameException() });
                break;
            case 'c':
                Require(uint.TryParse(ParseHex(out _), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint rune));
                Require(rune is < 0xd800 or (>= 0xe000 and <= 0x10ffff));
                Write("'" + CharacterText((int)rune) + "'");
                break;
            case 'a' or 's' or 'l' or 'x' or 'n' or 'i' or 'h' or 't' or 'm' or 'y' or 'o' or 'j':
                string digits = ParseHex(out bool negative);
                bool fits = ulong.TryParse(digits.Length == 0 ? "0" : digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number);
                Write((negative ? "-" : "") + (fits ? number.ToString(CultureInfo.InvariantCulture) : "0x" + digits));
                break;
            case 'e':
                ParseText();
                break;
            case 'R':
                if (!Take('e'))
                {
                    Write("&");
                    ParseConstant();
                    break;
                }

                ParseText();
                break;
            default:
                throw new BadNameException();
        }

        Leave();
    }

    private string ParseHex(out bool negative)
    {
        negative = Take('n');
        int start = _at;
        while (Peek() is >= '0' and <= '9' or >= 'a' and <= 'f')
        {
            _at++;
        }

        Spend((_at - start) / 4);
        string digits = _name.Substring(start, _at - start);
        Require(Take('_'));
        return digits;
    }

    private void ParseText()
    {
        string digits = ParseHex(out bool negative);
        Require(!negative && digits.Length % 2 == 0);
        byte[] bytes = new byte[digits.Length / 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((Digit(digits[i * 2]) << 4) | Digit(digits[(i * 2) + 1]));
        }

        Write("\"" + Encoding.UTF8.GetString(bytes) + "\"");

        static int Digit(char digit) => digit <= '9' ? digit - '0' : digit - 'a' + 10;
    }

    private static string CharacterText(int rune) => rune switch
    {
        '\t' => "\\t",
        '\r' => "\\r",
        '\n' => "\\n",
        '\'' => "\\'",
        '\\' => "\\\\",
        < 0x20 or (>= 0x7f and < 0xa0) => $"\\u{{{rune:x}}}",
        _ => char.ConvertFromUtf32(rune),
    };

    private static string? SimpleType(char code) => code switch
    {
        'a' => "i8",
        'b' => "bool",
        'c' => "char",
        'd' => "f64",
        'e' => "str",
        'f' => "f32",
        'h' => "u8",
        'i' => "isize",
        'j' => "usize",
        'l' => "i32",
        'm' => "u32",
        'n' => "i128",
        'o' => "u128",
        'p' => "_",
        's' => "i16",
        't' => "u16",
        'u' => "()",
        'v' => "...",
        'x' => "i64",
        'y' => "u64",
        'z' => "!",
        _ => null,
    };
}
