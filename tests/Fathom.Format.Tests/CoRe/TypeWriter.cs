using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Btf;

namespace Fathom.Format.Tests.CoRe;

/// <summary>
/// BTF from a few lines of text, so that pairs of local and target types can stand beside each other in a table. One type in a line:
/// <c>struct name { type member; ... }</c>, <c>union ...</c>, <c>enum name { A = 1, B }</c>, <c>enum64 ...</c>, <c>typedef type name</c>,
/// <c>fwd name</c>, <c>func name(type, ...) type</c> (a pointer to a prototype, by typedef). A type is a base type or an earlier name, then
/// any of <c>*</c>, <c>[n]</c>, or <c>const</c> before it; a member may end in <c>:bits</c>, and <c>{...}</c> nests an anonymous struct
/// (<c>|{...}</c> a union). Members are laid out as C
/// does, but bit fields follow each other without gaps, as in packed structs.
/// </summary>
internal sealed class TypeWriter
{
    private static readonly (string Name, int Bytes, bool IsSigned)[] Integers =
        [("u8", 1, false), ("u16", 2, false), ("u32", 4, false), ("u64", 8, false), ("s8", 1, true), ("s16", 2, true), ("int", 4, true), ("s64", 8, true)];

    private readonly BtfBuilder _builder = new();
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal) { ["void"] = 0 };
    private readonly Dictionary<int, (int Bytes, int Alignment)> _layouts = [];
    private Queue<string> _tokens = new();

    /// <summary>The BTF, and the ids of what the text names.</summary>
    public static (BtfData Btf, IReadOnlyDictionary<string, int> Names) Write(string text)
    {
        var writer = new TypeWriter();
        return (BtfData.Parse(writer.Build(text)), writer._names);
    }

    private byte[] Build(string text)
    {
        foreach ((string name, int bytes, bool isSigned) in Integers)
        {
            Name(name, _builder.AddInt(name, bytes, isSigned), (bytes, bytes));
        }

        Name("f64", _builder.AddFloat("double", 8), (8, 8));
        _tokens = new Queue<string>(Split(text));
        while (_tokens.Count > 0)
        {
            Declare(_tokens.Dequeue());
        }

        return _builder.ToArray();
    }

    private void Declare(string word)
    {
        switch (word)
        {
            case "struct" or "union":
                string name = _tokens.Dequeue();
                int id = _builder.ReserveStruct(name, word == "union");
                _names[name] = id;
                ((int Bytes, int Alignment) layout, List<BtfMember> members) = Members(word == "union");
                _builder.DefineStruct(id, layout.Bytes, members);
                Name(name, id, layout);
                break;
            case "enum" or "enum64":
                name = _tokens.Dequeue();
                int width = word == "enum64" ? 8 : 4;
                Name(name, Enumeration(name, width), (width, width));
                break;
            case "typedef":
                int target = Type(out (int Bytes, int Alignment) size);
                name = _tokens.Dequeue();
                Name(name, _builder.AddTypedef(name, target), size);
                break;
            case "fwd":
                name = _tokens.Dequeue();
                Name(name, _builder.AddForward(name), default);
                break;
            case "func":
                name = _tokens.Dequeue();
                Name(name, _builder.AddTypedef(name, _builder.AddPointer(Prototype())), (8, 8));
                break;
            default:
                throw new ArgumentException($"Unexpected '{word}'.");
        }
    }

    private ((int Bytes, int Alignment) Layout, List<BtfMember> Members) Members(bool isUnion)
    {
        Expect("{");
        var members = new List<BtfMember>();
        int bits = 0;
        int largest = 0;
        int alignment = 1;
        while (_tokens.Peek() != "}")
        {
            int type;
            (int Bytes, int Alignment) size;
            string name = "";
            if (_tokens.Peek() is "{" or "|")
            {
                bool nestsUnion = _tokens.Peek() == "|";
                if (nestsUnion)
                {
                    _tokens.Dequeue();
                }

                (size, List<BtfMember> nested) = Members(nestsUnion);
                type = _builder.AddStruct("", size.Bytes, nested, nestsUnion);
            }
            else
            {
                type = Type(out size);
                name = _tokens.Dequeue();
            }

            alignment = Math.Max(alignment, size.Alignment);
            if (_tokens.Peek() == ":")
            {
                _tokens.Dequeue();
                int width = int.Parse(_tokens.Dequeue());
                members.Add(new BtfMember(name, type, isUnion ? 0 : bits, width));
                bits += isUnion ? 0 : width;
                largest = Math.Max(largest, size.Bytes);
            }
            else
            {
                bits = isUnion ? 0 : RoundUp(bits, Math.Max(size.Alignment, 1) * 8);
                members.Add(new BtfMember(name, type, bits));
                bits += isUnion ? 0 : size.Bytes * 8;
                largest = Math.Max(largest, size.Bytes);
            }

            Expect(";");
        }

        Expect("}");
        int bytes = isUnion ? largest : (bits + 7) / 8;
        return ((RoundUp(bytes, alignment), alignment), members);
    }

    private int Enumeration(string name, int bytes)
    {
        Expect("{");
        var enumerators = new List<BtfEnumerator>();
        long next = 0;
        while (_tokens.Peek() != "}")
        {
            string enumerator = _tokens.Dequeue();
            if (_tokens.Peek() == "=")
            {
                _tokens.Dequeue();
                next = long.Parse(_tokens.Dequeue());
            }

            enumerators.Add(new BtfEnumerator(enumerator, next++));
            if (_tokens.Peek() == ",")
            {
                _tokens.Dequeue();
            }
        }

        Expect("}");
        return _builder.AddEnum(name, bytes, enumerators.Any(e => e.Value < 0), enumerators);
    }

    private int Prototype()
    {
        Expect("(");
        var parameters = new List<BtfParameter>();
        while (_tokens.Peek() != ")")
        {
            parameters.Add(new BtfParameter($"p{parameters.Count}", Type(out _)));
            if (_tokens.Peek() == ",")
            {
                _tokens.Dequeue();
            }
        }

        Expect(")");
        return _builder.AddFunctionPrototype(Type(out _), parameters);
    }

    private int Type(out (int Bytes, int Alignment) layout)
    {
        bool isConst = _tokens.Peek() == "const";
        if (isConst)
        {
            _tokens.Dequeue();
        }

        int id = _names[_tokens.Dequeue()];
        layout = _layouts.GetValueOrDefault(id);
        if (isConst)
        {
            id = _builder.AddModifier(BtfKind.Const, id);
        }

        while (_tokens.TryPeek(out string? next) && next is "*" or "[")
        {
            if (_tokens.Dequeue() == "*")
            {
                id = _builder.AddPointer(id);
                layout = (8, 8);
                continue;
            }

            int count = int.Parse(_tokens.Dequeue());
            Expect("]");
            id = _builder.AddArray(id, count);
            layout.Bytes *= count;
        }

        return id;
    }

    private void Name(string name, int id, (int Bytes, int Alignment) layout)
    {
        _names[name] = id;
        _layouts[id] = layout;
    }

    private void Expect(string token)
    {
        string found = _tokens.Dequeue();
        if (found != token)
        {
            throw new ArgumentException($"Expected '{token}', found '{found}'.");
        }
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;

    private static IEnumerable<string> Split(string text)
    {
        foreach (char mark in "{}[]();,:*=|")
        {
            text = text.Replace(mark.ToString(), $" {mark} ");
        }

        return text.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries);
    }
}
