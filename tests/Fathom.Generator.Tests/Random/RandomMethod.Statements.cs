using System.Globalization;
using System.Linq;

namespace Fathom.Generator.Tests.Random;

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

    private void Block(int depth)
    {
        int variables = _variables.Count, flags = _flags.Count;
        Line("{");
        Indented(() => Statements(_random.Next(1, 4), depth));
        Line("}");
        _variables.RemoveRange(variables, _variables.Count - variables);
        _flags.RemoveRange(flags, _flags.Count - flags);
    }

    private void Statement(int depth)
    {
        if (_budget <= 0)
        {
            return;
        }

        _budget -= 2;
        switch (depth <= 0 ? _random.Next(8) : _random.Next(20))
        {
            case 0 or 1:
                (string target, string type) = Target();
                Line(target + " = " + To(type, 3) + ";");
                break;
            case 2 or 3:
                Line(CompoundAssignment(3) + ";");
                break;
            case 4:
                Line(Step() + ";");
                break;
            case 5:
                string flag = Pick(_flags.Count > 0 ? _flags : [DeclareFlag()]);
                Line(flag + Pick<string>([" = ", " = ", " ^= ", " |= ", " &= "]) + Condition(3) + ";");
                break;
            case 6:
                string name = NewName("v"), declared = Pick(s_types);
                Line(declared + " " + name + " = " + To(declared, 3) + ";");
                _variables.Add((name, declared));
                break;
            case 7 when Callable.Count > 0:
                Line(Call(Pick(Callable), 2) + ";");
                break;
            case 8 or 9 or 10:
                Line("if (" + Condition(3) + ")");
                Block(depth - 1);
                if (Chance(50))
                {
                    Line("else");
                    Block(depth - 1);
                }

                break;
            case 11 or 12:
                Loop(depth);
                break;
            case 13 or 14:
                Switch(depth);
                break;
            case 15:
                Swap();
                break;
            case 16 when _structs.Count == 2:
                Line(Chance(50) ? Pick(_structs) + " = " + Condition(1) + " ? s : t;" : Pick(_structs) + ".In = " + Pick(_structs) + ".In;");
                break;
            case 17:
                (string referred, string of) = Target();
                string reference = NewName("r");
                Line("ref " + of + " " + reference + " = ref " + referred + ";");
                Line(reference + " " + Pick<string>(["+=", "^=", "-="]) + " " + To(of, 2) + ";");
                break;
            case 18 when Chance(30):
                Line("if (" + Condition(2) + ") { return " + To(_resultType, 2) + "; }");
                break;
            default:
                Line(CompoundAssignment(2) + ";");
                break;
        }
    }

    private string DeclareFlag()
    {
        string name = NewName("f");
        Line("bool " + name + " = " + (Chance(50) ? "true" : "false") + ";");
        _flags.Add(name);
        return name;
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
        string bound = _random.Next(2, 6).ToString(CultureInfo.InvariantCulture);
        // The counter is read but never written by the body: it bounds the loop.
        _readOnly.Add((counter, "int"));
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

        _readOnly.RemoveAll(v => v.Name == counter);
        _loops--;
    }

    private void Switch(int depth)
    {
        (string subject, string type) = Pick(_variables);
        string[] labels = [.. s_boundaries[type].OrderBy(_ => _random.Next()).Take(_random.Next(2, 5))];
        Line("switch (" + (Chance(50) ? subject : "(" + type + ")(" + To(type, 2) + ")") + ")");
        Line("{");
        foreach (string label in labels)
        {
            Line("case " + label + (Chance(25) ? " when " + Condition(1) : "") + ":");
            if (Chance(80))
            {
                Block(depth - 1);
                Line("break;");
            }
            else
            {
                Line("goto default;");
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
        (string first, string type) = Target();
        (string second, string other) = Target();
        Line("(" + first + ", " + second + ") = (" + To(type, 2) + ", " + To(other, 2) + ");");
    }
}
