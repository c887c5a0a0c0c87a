using System.Linq;

namespace Fathom.Fuzzing.Writing;

/// <content>Statements.</content>
internal sealed partial class RandomMethod
{
    private void Statements(int count, int depth)
    {
        for (int i = 0; i < count; i++)
        {
            Statement(depth);
        }
    }

    private void Block(int depth) => Braces(() =>
    {
        Statements(_random.Next(1, 4), depth);
        More(5);
    });

    private void Statement(int depth)
    {
        if (_budget <= 0)
        {
            return;
        }

        _budget -= 2;
        int choice = depth <= 0 ? _random.Next(10) : _leaning == Leaning.Control ? _random.Next(8, 30) : _random.Next(26);
        switch (choice)
        {
            case 0 or 1:
                Assignment();
                break;
            case 2 or 3:
                Line(CompoundAssignment(3) + ";");
                break;
            case 4:
                Line(Step() + ";");
                break;
            case 5 when _flags.Count > 0:
                Line(Pick(_flags) + Pick<string>([" = ", " = ", " ^= ", " |= ", " &= "]) + Condition(3) + ";");
                break;
            case 6:
                string name = NewName("v"), declared = VariableType();
                Line(declared + " " + name + " = " + To(declared, 3) + ";");
                _variables.Add(new Place(name, declared));
                break;
            case 7 when Callable.Count > 0:
                Line(Call(Pick(Callable), 2) + ";");
                break;
            case 8 when _pairs.Count > 0:
                PairStatement();
                break;
            case 10 or 11 or 26:
                Line("if (" + Condition(3) + ")");
                Block(depth - 1);
                if (Chance(50))
                {
                    Line("else");
                    Block(depth - 1);
                }

                break;
            case 12 or 13 or 27:
                Loop(depth);
                break;
            case 14 or 15 or 28:
                Switch(depth);
                break;
            case 16:
                Swap();
                break;
            case 17 when _structs.Count == 2:
                Line(Chance(50) ? Pick(_structs) + " = " + Condition(1) + " ? s : t;" : Pick(_structs) + ".In = " + Pick(_structs) + ".In;");
                break;
            case 18:
                (string referred, string of, _, _) = Target(isReferred: true);
                string reference = NewName("r");
                Line("ref " + of + " " + reference + " = ref " + referred + ";");
                _variables.Add(new Place(reference, of));
                Assignment();
                break;
            case 19 when Chance(40):
                Line("if (" + Condition(2) + ") { return " + Result() + "; }");
                break;
            case 20 when _bodies.Count > 0 && _namesOutputs:
                CallBody();
                break;
            case 21 or 29:
                Again(depth);
                break;
            case 22 when _buffers.Any(b => b.Faults):
                Each(depth);
                break;
            default:
                Line(CompoundAssignment(2) + ";");
                break;
        }
    }

    private void Assignment()
    {
        Place target = Target();
        Assign(target, To(target.Type, 3));
    }

    /// <summary>
    /// Assigns a value. One with a switch expression goes to an element through a variable: the C# compiler then calls the indexer of a span
    /// behind the value, against the order that the language has, so that the CLR would do what the value does before it finds the index wrong.
    /// </summary>
    private void Assign(Place target, string value)
    {
        if (target.Name.Contains('[') && value.Contains(" switch {"))
        {
            string held = NewName("w");
            Line(target.Type + " " + held + " = " + value + ";");
            value = held;
        }

        Line(target.Name + " = " + value + ";");
    }

    private void PairStatement()
    {
        string pair = Pick(_pairs), other = Pick(_pairs);
        Line(_random.Next(5) switch
        {
            0 => pair + " = " + pair + " + " + other + ";",
            1 => pair + " = " + other + " with { X = " + To(_pairFields[0].Type, 2) + " };",
            2 => pair + ".Bump(" + To("int", 2) + ");",
            3 => pair + ".Twice = " + To("int", 2) + ";",
            _ => pair + " = " + Condition(1) + " ? new P(" + To(_pairFields[0].Type, 1) + ", " + To(_pairFields[1].Type, 1) + ") : " + other + ";",
        });
    }

    /// <summary>Has a body run a few times, and takes over what it leaves.</summary>
    private void CallBody()
    {
        LoopBody body = Pick(_bodies);
        string state = NewName("u");
        Line(body.State + " " + state + " = default;");
        foreach (Place field in body.Fields)
        {
            Line(state + "." + field.Name + " = " + To(field.Type, 1) + ";");
        }

        string target = Pick(_variables.Where(v => !v.IsInput).ToList()) is { } place ? place.Name + " = (" + place.Type + ")" : "";
        Line(target + "(Fathom.Bpf.Helpers.Loop(" + _random.Next(0, 6) + ", &" + body.Name + ", &" + state + ") + (long)" + string.Join(" + (long)", body.Fields.Select(f => state + "." + f.Name)) + ");");
    }

    /// <summary>A loop made of a jump back.</summary>
    private void Again(int depth)
    {
        if (_loops >= 2)
        {
            Line(Step() + ";");
            return;
        }

        _loops++;
        string label = NewName("again"), counter = NewName("i");
        Line("int " + counter + " = 0;");
        Line(label + ":");
        Block(depth - 2);
        Line("if (++" + counter + " < " + _random.Next(2, 5) + (Chance(50) ? " && " + Condition(1) : "") + ") { goto " + label + "; }");
        _loops--;
    }

    private void Each(int depth)
    {
        if (_loops >= 2)
        {
            Assignment();
            return;
        }

        _loops++;
        Buffer buffer = Pick(_buffers.Where(b => b.Faults).ToList());
        var element = new Place(NewName("e"), buffer.Element);
        _readOnly.Add(element);
        Line("foreach (" + element.Type + " " + element.Name + " in " + buffer.Name + ")");
        Block(depth - 2);
        _readOnly.Remove(element);
        _loops--;
    }

    private void Loop(int depth)
    {
        if (_loops >= 2)
        {
            Line(CompoundAssignment(2) + ";");
            return;
        }

        _loops++;
        string counter = NewName("i");
        int bound = _random.Next(2, 6);
        // The counter is read but never written by the body: it bounds the loop.
        var place = new Place(counter, "int");
        _readOnly.Add(place);
        string leave = Chance(40) ? "if (" + Condition(1) + ") { " + Pick<string>(["break", "continue"]) + "; }" : "";
        switch (_random.Next(3))
        {
            case 0:
                Line("for (int " + counter + " = 0; " + counter + " < " + bound + "; " + counter + "++) {" + leave);
                Block(depth - 2);
                Line("}");
                break;
            case 1:
                Line("int " + counter + " = " + bound + ";");
                Line("while (" + counter + "-- > 0 " + (Chance(50) ? "&& " + Condition(1) : "") + ") {" + leave);
                Block(depth - 2);
                Line("}");
                break;
            default:
                Line("int " + counter + " = 0;");
                Line("do {" + leave);
                Block(depth - 2);
                Line("} while (++" + counter + " < " + bound + ");");
                break;
        }

        _readOnly.Remove(place);
        _loops--;
    }

    private void Switch(int depth)
    {
        (string subject, string type) = Read(Pick(_variables));
        string[] labels = [.. s_boundaries[type].OrderBy(_ => _random.Next()).Take(_random.Next(2, 5))];
        Line("switch (" + (Chance(50) ? subject : "(" + type + ")(" + To(type, 2) + ")") + ")");
        Line("{");
        bool[] isGuarded = [.. labels.Select(_ => Chance(25))];
        for (int i = 0; i < labels.Length; i++)
        {
            Line("case " + labels[i] + (isGuarded[i] ? " when " + Condition(1) : "") + ":");
            if (Chance(75))
            {
                Block(depth - 1);
                Line("break;");
            }
            else
            {
                // Downward only: what jumps up may never end.
                Line(i + 1 < labels.Length && !isGuarded[i + 1] && Chance(50) ? "goto case " + labels[i + 1] + ";" : "goto default;");
            }
        }

        if (Chance(40))
        {
            // Before the default in the text, or C# calls it swallowed.
            Line("case > " + Pick(s_boundaries[type][1..^1]) + " when " + Condition(1) + ": " + Step() + "; break;");
        }

        Line("default: " + Step() + "; break;");
        Line("}");
    }

    private void Swap()
    {
        (string first, string type, _, _) = Target();
        (string second, string other, _, _) = Target();
        Line("(" + first + ", " + second + ") = (" + To(type, 2) + ", " + To(other, 2) + ");");
    }
}
