using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Fathom.Fuzzing.Writing;

/// <summary>
/// The C# source of a random static class with <c>ulong Entry(ulong a, ulong b, ulong* o)</c>, which the CLR, the interpreter and the kernel
/// must compute alike; <c>o</c> are eight numbers that it reads and leaves changed. The same seed gives the same source.
/// </summary>
internal sealed partial class RandomMethod
{
    /// <summary>Numbers behind <c>o</c>.</summary>
    public const int Outputs = 8;

    private static readonly string[] s_types = ["sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "int", "uint", "long", "ulong", "char"];

    // What a variable may have besides: it is read by way of the integer type that it stands for.
    private static readonly string[] s_moreTypes = ["nint", "nuint", "E"];

    private static readonly Dictionary<string, string[]> s_boundaries = new()
    {
        ["sbyte"] = ["-128", "-1", "0", "1", "2", "100", "127"],
        ["byte"] = ["0", "1", "127", "128", "200", "255"],
        ["short"] = ["-32768", "-129", "-1", "0", "1", "255", "32767"],
        ["ushort"] = ["0", "1", "255", "256", "32767", "32768", "65535"],
        ["char"] = ["'\\0'", "'\\u0001'", "'a'", "'\\u00ff'", "'\\u7fff'", "'\\u8000'", "'\\uffff'"],
        ["int"] = ["int.MinValue", "-65536", "-129", "-1", "0", "1", "7", "31", "32", "127", "128", "255", "256", "32768", "65535", "65536", "int.MaxValue"],
        ["uint"] = ["0u", "1u", "3u", "255u", "65535u", "0x7fffffffu", "0x80000000u", "0xffffff00u", "uint.MaxValue"],
        ["long"] = ["long.MinValue", "-4294967296L", "-2147483649L", "-2147483648L", "-129L", "-1L", "0L", "1L", "10L", "127L", "2147483647L", "2147483648L", "4294967295L", "4294967296L", "long.MaxValue"],
        ["ulong"] = ["0ul", "1ul", "63ul", "0x7ffffffful", "0x80000000ul", "0xfffffffful", "0x100000000ul", "0x8000000000000000ul", "0xffffffff80000000ul", "ulong.MaxValue"],
    };

    private static readonly Dictionary<string, Regex> s_uses = new[]
    {
        "E", "S", "P", "A", "N", "K", "KA", "R", "InK", "GenK", "Clear", "Gen", "SubRef|PassRef", "SubOut|PassOut", "PassRef", "PassOut", "PassSpan", "Global",
    }.ToDictionary(t => t, t => new Regex(@"\b(" + t + @")\b"));

    private readonly System.Random _more;
    private System.Random _random;
    private readonly StringBuilder _text = new();
    private readonly List<Callee> _callees = [];
    private readonly List<LoopBody> _bodies = [];
    private readonly Leaning _leaning;
    private readonly Size _size;
    private readonly bool _wraps;
    private string _enumType = "byte";
    private (Regex Use, string Text)[] _types = [];
    private string _arrayElement = "";

    // What the body that is being written can name.
    private List<Place> _variables = [];
    private List<Place> _readOnly = [];
    private List<string> _flags = [];
    private List<Buffer> _buffers = [];
    private List<string> _structs = [];
    private List<string> _pairs = [];
    private List<Place> _fields = [];
    private Place[] _pairFields = [];
    private List<Callee> _locals = [];
    private string _bufferElement = "byte";
    private bool _namesOutputs;
    private bool _hasOutputs;
    private int _budget;
    private int _loops;
    private int _names;
    private string _resultType = "ulong";
    private bool _isLoopBody;
    private string _indent = "    ";

    private RandomMethod(int seed)
    {
        _random = new System.Random(seed);
        _size = _random.Next(100) switch { < 72 => Size.Small, < 95 => Size.Medium, _ => Size.Large };
        _leaning = (Leaning)_random.Next(5);
        // Such a class has the quotients that wrap where the CLR throws; the CLR runs them through a method of its own.
        _wraps = Chance(8);
        _more = new System.Random(~seed);
        (_passedType, _counterType, _globalType) = (MorePick(s_types), MorePick(s_types), MorePick(s_wide));
    }

    private sealed record Callee(string Name, string Result, (string Kind, string Type)[] Parameters, bool TakesOutputs);

    private sealed record LoopBody(string Name, string State, Place[] Fields);

    /// <summary>Something with a name and a type.</summary>
    private readonly record struct Place(string Name, string Type, bool IsInput = false, bool IsProperty = false);

    private readonly record struct Buffer(string Name, string Element, int Length, bool Faults, bool IsInlineArray = false, bool IsPart = false);

    /// <summary>The source of a class of this name; its types are nested in it.</summary>
    public static string Make(int seed, string name)
    {
        var method = new RandomMethod(seed);
        return method.Class(name);
    }

    /// <summary>What may be called here: some want the outputs.</summary>
    private List<Callee> Callable => [.. _callees.Where(c => _namesOutputs || !c.TakesOutputs)];

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private string AnyType() => Pick(s_types);

    private string VariableType() => Chance(10) ? Pick(s_moreTypes) : Pick(s_types);

    private string NewName(string prefix) => prefix + (_names++).ToString(CultureInfo.InvariantCulture);

    private void Line(string text) => _text.Append(_indent).Append(text).Append('\n');

    private string Class(string name)
    {
        Types();
        if (Chance(18))
        {
            Body();
        }

        for (int i = _random.Next(0, _size.Callees + 1); i > 0; i--)
        {
            Helper();
        }

        Entry();
        // A part's static fields are globals of the object that includes it.
        bool hasGlobal = Uses("Global").IsMatch(_text.ToString());
        var text = new StringBuilder((hasGlobal ? "[Fathom.Bpf.BpfPart]\n" : "") + "public static unsafe class " + name + "\n{\n" + (_wraps ? "    // wraps\n" : ""));
        UsedTypes(text);
        return text.Append(_text).Append("}\n").ToString();
    }

    private void Types()
    {
        _enumType = Pick<string>(["sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong"]);
        _fields = [.. Enumerable.Range(0, 4).Select(i => new Place((i < 2 ? "In.F" : "F") + i, VariableType()))];
        _bufferElement = Pick(s_types);
        string pair = Pair();
        _arrayElement = AnyType();
        _types =
        [
            (Uses("E"), "public enum E : " + _enumType + " { None, One, Two = 2, Most = " + s_boundaries[_enumType][^1] + " }"),
            (Uses("S"), "public struct Inner { public " + _fields[0].Type + " F0; public " + _fields[1].Type + " F1; }"),
            (Uses("S"), "public struct S { public " + _fields[2].Type + " F2; public Inner In; public " + _fields[3].Type + " F3; public fixed " + _bufferElement + " Buf[4]; }"),
            (Uses("P"), pair),
            (Uses("A"), "[System.Runtime.CompilerServices.InlineArray(5)] public struct A { private " + _arrayElement + " _first; }"),
            .. MoreTypes(),
        ];
    }

    /// <summary>Writes the types that something uses: each costs the C# compiler as much as a method.</summary>
    private void UsedTypes(StringBuilder text)
    {
        string methods = _text.ToString();
        bool[] isUsed = new bool[_types.Length];
        // From the last to the first, because a type uses those before it.
        for (int i = _types.Length - 1; i >= 0; i--)
        {
            isUsed[i] = _types[i].Use.IsMatch(methods);
            methods += isUsed[i] ? _types[i].Text : "";
        }

        foreach ((_, string type) in _types.Where((_, i) => isUsed[i]))
        {
            text.Append("    ").Append(type).Append('\n');
        }
    }

    private static Regex Uses(string type) => s_uses[type];

    /// <summary>A struct with a constructor, a property, an operator and a method.</summary>
    private string Pair()
    {
        bool isRecord = Chance(10);
        string first = AnyType(), second = AnyType();
        _pairFields = [new("X", first, IsProperty: isRecord), new("Y", second, IsProperty: isRecord)];
        string operation = Pick<string>(["+", "-", "*", "^", "&"]), other = Pick<string>(["+", "-", "|", "^"]);
        string head = isRecord
            ? "public record struct P(" + first + " X, " + second + " Y) { "
            : "public struct P { public " + first + " X; public " + second + " Y; public P(" + first + " x, " + second + " y) { Y = y; X = x; } ";
        return head + "public readonly long Sum => (long)X " + other + " (long)Y; "
            + "public int Twice { readonly get => (int)X * 2; set => Y = (" + second + ")(value " + other + " 1); } "
            + "public static P operator +(P l, P r) => new P((" + first + ")((long)l.X " + operation + " (long)r.Y), (" + second + ")((long)l.Y " + other + " (long)r.X)); "
            + "public int Bump(int by) { X = (" + first + ")(X + (" + first + ")by); return (int)Y; } }";
    }

    /// <summary>The body of a <c>Helpers.Loop</c> and the struct that it works on.</summary>
    private void Body()
    {
        Reset("long", isLoopBody: true);
        string state = NewName("T"), name = NewName("Body");
        Place[] fields = [.. Enumerable.Range(0, _random.Next(2, 4)).Select(i => new Place("G" + i, AnyType()))];
        Line("public struct " + state + " { " + string.Join(" ", fields.Select(f => "public " + f.Type + " " + f.Name + ";")) + " }");
        Line("public static long " + name + "(uint index, " + state + "* p)");
        _variables.AddRange(fields.Select(f => f with { Name = "p->" + f.Name }));
        _readOnly.Add(new Place("index", "uint"));
        Method(() =>
        {
            _budget = 16;
            Statements(_random.Next(1, 4), 1);
            Line("return " + Result() + ";");
        });
        _bodies.Add(new LoopBody(name, state, fields));
    }

    private void Helper()
    {
        bool isSubprogram = Chance(35);
        string name = NewName("H"), result = AnyType();
        var parameters = new List<(string Kind, string Type)>();
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            parameters.Add((isSubprogram ? "" : Pick<string>(["", "", "ref ", "out ", "in "]), AnyType()));
        }

        Reset(result);
        var list = new List<string>();
        var outs = new List<Place>();
        foreach ((string kind, string type) in parameters)
        {
            var parameter = new Place(NewName("p"), type);
            list.Add(kind + type + " " + parameter.Name);
            (kind == "in " ? _readOnly : _variables).Add(parameter);
            if (kind == "out ")
            {
                outs.Add(parameter);
            }
        }

        bool takesOutputs = Chance(25);
        if (takesOutputs)
        {
            list.Add("ulong* o");
            AddOutputs();
        }

        Line((isSubprogram ? "[Fathom.Bpf.BpfSubprogram] " : "") + "public static " + result + " " + name + "(" + string.Join(", ", list) + ")");
        Method(() =>
        {
            foreach (Place place in outs)
            {
                Line(place.Name + " = " + Literal(place.Type) + ";");
            }

            DeclareReferred();
            _budget = 14;
            Statements(_random.Next(0, 4), 1);
            Line("return " + Result() + ";");
        });
        _callees.Add(new Callee(name, result, [.. parameters], takesOutputs));
    }

    private void AddOutputs()
    {
        _namesOutputs = true;
        _hasOutputs = true;
        _buffers.Add(new Buffer("o", "ulong", Outputs, false));
    }

    /// <summary>What the method that is written may return. The body of a loop says only whether to go on: the verifier refuses other numbers.</summary>
    private string Result() => _isLoopBody ? Condition(1) + " ? 1 : 0" : To(_resultType, 2);

    private void Reset(string result, bool isLoopBody = false)
    {
        _variables = [];
        _readOnly = [];
        _flags = [];
        _buffers = [];
        _structs = [];
        _pairs = [];
        _locals = [];
        _namesOutputs = false;
        _hasOutputs = false;
        _loops = 0;
        _resultType = result;
        _isLoopBody = isLoopBody;
    }

    /// <summary>The body of a method. Its constants are cut off as its numbers are.</summary>
    private void Method(System.Action body) => Braces(() =>
    {
        Line("unchecked {");
        body();
        Line("}");
    });

    /// <summary>A body in braces, with what it declares forgotten behind it.</summary>
    private void Braces(System.Action body)
    {
        int variables = _variables.Count, flags = _flags.Count, buffers = _buffers.Count, pairs = _pairs.Count;
        string before = _indent;
        Line("{");
        _indent += "    ";
        body();
        _indent = before;
        Line("}");
        _variables.RemoveRange(variables, _variables.Count - variables);
        _flags.RemoveRange(flags, _flags.Count - flags);
        _buffers.RemoveRange(buffers, _buffers.Count - buffers);
        _pairs.RemoveRange(pairs, _pairs.Count - pairs);
    }
}
