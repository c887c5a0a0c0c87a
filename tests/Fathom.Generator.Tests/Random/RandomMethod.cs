using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Fathom.Generator.Tests.Random;

/// <summary>
/// The C# source of a random static class with <c>ulong Entry(ulong a, ulong b)</c>, which the CLR and the kernel must compute alike. The
/// same seed gives the same source.
/// </summary>
internal sealed partial class RandomMethod
{
    private static readonly string[] s_types = ["sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong"];

    private static readonly Dictionary<string, string[]> s_boundaries = new()
    {
        ["sbyte"] = ["-128", "-1", "0", "1", "2", "100", "127"],
        ["byte"] = ["0", "1", "127", "128", "200", "255"],
        ["short"] = ["-32768", "-129", "-1", "0", "1", "255", "32767"],
        ["ushort"] = ["0", "1", "255", "256", "32767", "32768", "65535"],
        ["int"] = ["int.MinValue", "-65536", "-1", "0", "1", "7", "31", "32", "255", "256", "65535", "65536", "int.MaxValue"],
        ["uint"] = ["0u", "1u", "3u", "0x7fffffffu", "0x80000000u", "0xffffff00u", "uint.MaxValue"],
        ["long"] = ["long.MinValue", "-4294967296L", "-2147483649L", "-1L", "0L", "1L", "10L", "2147483647L", "2147483648L", "4294967295L", "long.MaxValue"],
        ["ulong"] = ["0ul", "1ul", "63ul", "0x7ffffffful", "0x80000000ul", "0xfffffffful", "0x100000000ul", "0x8000000000000000ul", "ulong.MaxValue"],
    };

    private readonly System.Random _random;
    private readonly StringBuilder _text = new();
    private readonly List<Callee> _callees = [];

    // What the body that is being written can name.
    private List<(string Name, string Type)> _variables = [];
    private List<string> _flags = [];
    private List<(string Name, string Element, int Length, bool Faults)> _buffers = [];
    private List<string> _structs = [];
    private List<Callee> _locals = [];
    private bool _mayFault = true;
    private int _budget;
    private int _loops;
    private int _names;
    private string _resultType = "ulong";
    private string _indent = "        ";

    private RandomMethod(int seed) => _random = new System.Random(seed);

    private sealed record Callee(string Name, string Result, (string Kind, string Type)[] Parameters, bool MayFault);

    /// <summary>The source of a class of this name; its struct types are nested in it.</summary>
    public static string Make(int seed, string name)
    {
        var method = new RandomMethod(seed);
        method.Class(name);
        return method._text.ToString();
    }

    /// <summary>What may be called here: a subprogram may not call what may fault.</summary>
    private List<Callee> Callable => [.. _callees.Where(c => _mayFault || !c.MayFault)];

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private string NewName(string prefix) => prefix + (_names++).ToString(CultureInfo.InvariantCulture);

    private void Line(string text) => _text.Append(_indent).Append(text).Append('\n');

    private void Class(string name)
    {
        _indent = "    ";
        _text.Append(CultureInfo.InvariantCulture, $"public static unsafe class {name}\n{{\n");
        string[] fields = [.. Enumerable.Range(0, 4).Select(_ => Pick(s_types))];
        _fields = [.. fields.Select((t, i) => ("F" + i.ToString(CultureInfo.InvariantCulture), t))];
        _bufferElement = Pick(s_types);
        Line("public struct Inner { public " + _fields[0].Type + " F0; public " + _fields[1].Type + " F1; }");
        Line("public struct S { public " + _fields[2].Type + " F2; public Inner In; public " + _fields[3].Type + " F3; public fixed " + _bufferElement + " Buf[4]; }");
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            Helper();
        }

        Entry();
        _text.Append("}\n");
    }

    private void Helper()
    {
        bool isSubprogram = Chance(30);
        string name = NewName("H"), result = Pick(s_types);
        var parameters = new List<(string Kind, string Type)>();
        for (int i = _random.Next(1, 4); i > 0; i--)
        {
            parameters.Add((isSubprogram ? "" : Pick<string>(["", "", "ref ", "out ", "in "]), Pick(s_types)));
        }

        Reset(result);
        // A fault ends a subprogram only, where the exception of the CLR ends all.
        _mayFault = !isSubprogram;
        var list = new List<string>();
        foreach ((string kind, string type) in parameters)
        {
            string parameter = NewName("p");
            list.Add(kind + type + " " + parameter);
            if (kind == "in ")
            {
                _readOnly.Add((parameter, type));
            }
            else
            {
                _variables.Add((parameter, type));
            }
        }

        Line((isSubprogram ? "[Fathom.Bpf.BpfSubprogram] " : "") + "public static " + result + " " + name + "(" + string.Join(", ", list) + ")");
        Line("{");
        Indented(() =>
        {
            Line("unchecked {");
            foreach (string text in list.Where(p => p.StartsWith("out ", System.StringComparison.Ordinal)))
            {
                string[] words = text.Split(' ');
                Line(words[2] + " = " + Literal(words[1]) + ";");
            }

            DeclareReferred();
            _budget = 25;
            Statements(_random.Next(1, 4), 1);
            Line("return " + To(result, 2) + ";");
            Line("}");
        });
        Line("}");
        _callees.Add(new Callee(name, result, [.. parameters], _mayFault));
    }

    private void Reset(string result)
    {
        _variables = [];
        _readOnly = [];
        _flags = [];
        _buffers = [];
        _structs = [];
        _locals = [];
        _loops = 0;
        _resultType = result;
        _mayFault = true;
    }

    private void Indented(System.Action body)
    {
        string before = _indent;
        _indent += "    ";
        body();
        _indent = before;
    }

    private void Entry()
    {
        Reset("ulong");
        Line("public static ulong Entry(ulong a, ulong b)");
        Line("{");
        Indented(() =>
        {
            Line("unchecked {");
            _variables.Add(("a", "ulong"));
            _variables.Add(("b", "ulong"));
            for (int i = _random.Next(3, 7); i > 0; i--)
            {
                string type = Pick(s_types), name = NewName("v");
                Line(type + " " + name + " = " + (Chance(70) ? "(" + type + ")(" + (Chance(50) ? "a" : "b") + " >> " + Pick<string>(["0", "3", "8", "31", "32", "60"]) + ")" : Literal(type)) + ";");
                _variables.Add((name, type));
            }

            Line("bool f = (a & 1) != 0, g = b > 5;");
            _flags.AddRange(["f", "g"]);
            Line("S s = default; S t = default;");
            _structs.AddRange(["s", "t"]);
            _buffers.AddRange([("s.Buf", _bufferElement, 4, false), ("t.Buf", _bufferElement, 4, false)]);
            Storage();
            DeclareReferred();
            if (Chance(60))
            {
                LocalFunction();
            }

            _budget = 70;
            Statements(_random.Next(4, 11), 3);
            Line("ulong hash = 17;");
            foreach ((string variable, _) in _variables)
            {
                Line("hash = hash * 31 + (ulong)" + variable + ";");
            }

            foreach (string flag in _flags)
            {
                Line("hash = hash * 31 + (" + flag + " ? 1ul : 2ul);");
            }

            foreach (string name in _structs)
            {
                Line("hash = hash * 31 + ((ulong)" + string.Join(" ^ (ulong)", _fields.Select(f => Field(name, f.Name))) + ");");
            }

            foreach ((string name, _, int length, _) in _buffers)
            {
                Line("for (int i = 0; i < " + length.ToString(CultureInfo.InvariantCulture) + "; i++) { hash = hash * 31 + (ulong)" + name + "[i]; }");
            }

            Line("return hash;");
            Line("}");
        });
        Line("}");
    }

    /// <summary>A variable of each type that is passed by reference, and one in any case.</summary>
    private void DeclareReferred()
    {
        foreach (string type in _callees.SelectMany(c => c.Parameters).Where(p => p.Kind.Length > 0).Select(p => p.Type).Append("int").Distinct())
        {
            if (!_variables.Any(v => v.Type == type && v.Name is not ("a" or "b")))
            {
                string name = NewName("v");
                Line(type + " " + name + " = " + Literal(type) + ";");
                _variables.Add((name, type));
            }
        }
    }

    private void Storage()
    {
        if (Chance(60))
        {
            string type = Pick(s_types), name = NewName("q");
            Line(type + "* " + name + " = stackalloc " + type + "[8];");
            _buffers.Add((name, type, 8, false));
        }

        if (Chance(60))
        {
            string type = Pick(s_types), name = NewName("z");
            int length = _random.Next(3, 8);
            Line("System.Span<" + type + "> " + name + " = stackalloc " + type + "[" + length.ToString(CultureInfo.InvariantCulture) + "];");
            _buffers.Add((name, type, length, true));
        }
    }

    private void LocalFunction()
    {
        string name = NewName("L"), result = Pick(s_types), type = Pick(s_types);
        int variables = _variables.Count;
        var buffers = _buffers;
        var structs = _structs;
        // A span cannot be captured, and the fixed buffer of a captured struct cannot be used without 'fixed'.
        _buffers = [.. buffers.Where(b => b.Name[0] == 'q')];
        _structs = [];
        string parameter = NewName("p");
        _variables.Add((parameter, type));
        string resultBefore = _resultType;
        _resultType = result;
        Line(result + " " + name + "(" + type + " " + parameter + ")");
        Line("{");
        _budget = 15;
        Indented(() =>
        {
            Statements(_random.Next(0, 3), 1);
            Line("return " + To(result, 2) + ";");
        });
        Line("}");
        _resultType = resultBefore;
        _variables.RemoveRange(variables, _variables.Count - variables);
        _buffers = buffers;
        _structs = structs;
        _locals.Add(new Callee(name, result, [("", type)], true));
    }
}
