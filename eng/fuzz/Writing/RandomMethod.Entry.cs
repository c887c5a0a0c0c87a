using System.Linq;

namespace Fathom.Fuzzing.Writing;

/// <content>The method that is run: what it declares, and the number that everything it holds at the end goes into.</content>
internal sealed partial class RandomMethod
{
    private void Entry()
    {
        Reset("ulong");
        _namesOutputs = true;
        Line("public static ulong Entry(ulong a, ulong b, ulong* o)");
        Method(() =>
        {
            _variables.Add(new Place("a", "ulong", IsInput: true));
            _variables.Add(new Place("b", "ulong", IsInput: true));
            int count = _random.Next(_size.LeastVariables, _size.MostVariables + 1) + (_leaning == Leaning.Pressure ? _random.Next(4, 11) : 0);
            for (int i = 0; i < count; i++)
            {
                string type = VariableType(), name = NewName("v");
                Line(type + " " + name + " = " + Start(type) + ";");
                _variables.Add(new Place(name, type));
            }

            Line("bool f = (a & 1) != 0, g = b > 5;");
            _flags.AddRange(["f", "g"]);
            DeclareReferred();
            Storage();
            if (Chance(_size == Size.Small ? 20 : 55))
            {
                LocalFunction();
            }

            _budget = _size.Budget;
            Statements(_random.Next(_size.LeastStatements, _size.MostStatements + 1), _size.Depth);
            More(45);
            More(25);
            Hash();
        });
    }

    /// <summary>What a variable starts with: bits of an input, mostly.</summary>
    private string Start(string type) => Chance(15)
        ? Literal(type)
        : "(" + type + ")(" + (Chance(20) ? "o[" + _random.Next(Outputs) + "]" : Chance(50) ? "a" : "b") + (Chance(60) ? "" : " >> " + Pick<string>(["3", "8", "31", "32", "60"])) + ")";

    private void Hash()
    {
        Line("ulong hash = 17;");
        foreach (Place variable in _variables)
        {
            Line("hash = hash * 31 + (ulong)" + variable.Name + ";");
        }

        Line("hash = hash * 31 + " + string.Join(" + ", _flags.Select((flag, i) => "(" + flag + " ? " + (1 << i) + "ul : 0ul)")) + ";");
        foreach (string name in _structs)
        {
            Line("hash = hash * 31 + ((ulong)" + string.Join(" ^ (ulong)", _fields.Select(f => name + "." + f.Name)) + ");");
        }

        foreach (string name in _pairs)
        {
            Line("hash = hash * 31 + (ulong)" + name + ".Sum;");
        }

        foreach (Buffer buffer in _buffers)
        {
            if (buffer.IsPart)
            {
                Line("hash += (ulong)" + buffer.Name + ".Length;");
            }
            else if (buffer.Name[0] != 'o')
            {
                Line("for (int i = 0; i < " + buffer.Length + "; i++) { hash = hash * 31 + (ulong)" + buffer.Name + "[i]; }");
            }
        }

        Line("return hash;");
    }

    /// <summary>A variable of each type that is passed by reference, and one in any case.</summary>
    private void DeclareReferred()
    {
        foreach (string type in _callees.SelectMany(c => c.Parameters).Where(p => p.Kind.Length > 0).Select(p => p.Type).Append("int").Distinct())
        {
            if (!_variables.Any(v => v.Type == type && !v.IsInput && !v.IsProperty))
            {
                string name = NewName("v");
                Line(type + " " + name + " = " + Literal(type) + ";");
                _variables.Add(new Place(name, type));
            }
        }
    }

    private void Storage()
    {
        int chance = _leaning == Leaning.Memory ? 80 : _leaning is Leaning.Pressure or Leaning.Widths ? _size.StorageChance / 3 : _size.StorageChance;
        if (Chance(chance))
        {
            string[] names = Chance(50) ? ["s", "t"] : ["s"];
            Line(string.Join(" ", names.Select(n => "S " + n + " = default;")));
            _structs.AddRange(names);
            _buffers.AddRange(names.Select(n => new Buffer(n + ".Buf", _bufferElement, 4, false)));
        }

        if (Chance(chance))
        {
            string type = AnyType(), name = NewName("q");
            Line(type + "* " + name + " = stackalloc " + type + "[8];");
            _buffers.Add(new Buffer(name, type, 8, false));
            Alias(name, type, 8);
        }

        if (Chance(chance))
        {
            string type = AnyType(), name = NewName("z");
            int length = _random.Next(3, 8);
            Line("System.Span<" + type + "> " + name + " = stackalloc " + type + "[" + length + "];");
            _buffers.Add(new Buffer(name, type, length, true));
            if (Chance(40))
            {
                string part = NewName("y");
                // One end may be a variable. Of two, the verifier does not know how far they reach together.
                string any = "(int)(" + Variable().Text + " & " + (Chance(50) ? "3" : "15") + ")";
                string range = _random.Next(3) switch
                {
                    0 => ".Slice(" + any + ", " + _random.Next(1, 3) + ")",
                    1 => ".Slice(" + _random.Next(0, 3) + ", " + any + ")",
                    _ => "[" + _random.Next(0, 2) + "..^" + _random.Next(0, 2) + "]",
                };
                Line("System.Span<" + type + "> " + part + " = " + name + range + ";");
                _buffers.Add(new Buffer(part, type, 4, true, IsPart: true));
            }
        }

        if (Chance(chance / 2))
        {
            string name = NewName("w");
            Line("A " + name + " = default;");
            _buffers.Add(new Buffer(name, _arrayElement, 5, true, IsInlineArray: true));
        }

        if (Chance(chance))
        {
            foreach (string name in Chance(50) ? new[] { "m", "n" } : ["m"])
            {
                Line("P " + name + " = new P(" + To(_pairFields[0].Type, 1) + ", " + To(_pairFields[1].Type, 1) + ");");
                _pairs.Add(name);
                _variables.AddRange(_pairFields.Select(f => f with { Name = name + "." + f.Name }));
            }
        }

        if (Chance(60) || _leaning == Leaning.Memory)
        {
            AddOutputs();
            Alias("o", "ulong", Outputs);
        }
    }

    /// <summary>The same memory in another width.</summary>
    private void Alias(string name, string type, int length)
    {
        if (!Chance(_leaning == Leaning.Memory ? 60 : 15))
        {
            return;
        }

        string other = AnyType();
        int elements = length * SizeOf(type) / SizeOf(other);
        string alias = (name[0] == 'o' ? "o" : "x") + NewName("");
        Line(other + "* " + alias + " = (" + other + "*)" + name + ";");
        _buffers.Add(new Buffer(alias, other, elements, false));
    }

    private void LocalFunction()
    {
        string name = NewName("L"), result = AnyType(), type = AnyType(), parameter = NewName("p");
        var (variables, buffers, structs, pairs) = (_variables, _buffers, _structs, _pairs);
        // A span cannot be captured, and the fixed buffer of a captured struct cannot be used without 'fixed'.
        _variables = [.. variables, new Place(parameter, type)];
        _buffers = [.. buffers.Where(b => b.Name[0] is 'q' or 'o' or 'x')];
        _structs = [];
        _pairs = [];
        string resultBefore = _resultType;
        _resultType = result;
        Line(result + " " + name + "(" + type + " " + parameter + ")");
        Braces(() =>
        {
            _budget = 12;
            Statements(_random.Next(0, 3), 1);
            Line("return " + To(result, 2) + ";");
        });
        (_resultType, _variables, _buffers, _structs, _pairs) = (resultBefore, variables, buffers, structs, pairs);
        _locals.Add(new Callee(name, result, [("", type)], false));
    }
}
