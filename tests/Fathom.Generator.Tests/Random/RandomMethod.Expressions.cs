using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Fathom.Generator.Tests.Random;

/// <content>Expressions. Each is written with its C# type, so that conversions are left out where C# needs none.</content>
internal sealed partial class RandomMethod
{
    private List<(string Name, string Type)> _readOnly = [];
    private List<(string Name, string Type)> _fields = [];
    private string _bufferElement = "byte";

    private readonly record struct Typed(string Text, string Type, bool IsConstant = false);

    private static string Field(string name, string field) => name + (field is "F0" or "F1" ? ".In." : ".") + field;

    private static int Size(string type) => type switch { "sbyte" or "byte" => 1, "short" or "ushort" => 2, "int" or "uint" => 4, _ => 8 };

    private static bool IsSigned(string type) => type is "sbyte" or "short" or "int" or "long";

    private static bool IsImplicit(string from, string to) =>
        from == to || (Size(from) < Size(to) && (!IsSigned(from) || IsSigned(to)));

    private string Literal(string type) => "((" + type + ")" + (Chance(70) ? "(" + Pick(s_boundaries[type]) + ")" : _random.Next(0, 100).ToString(CultureInfo.InvariantCulture)) + ")";

    /// <summary>An expression that can be assigned to the type.</summary>
    private string To(string type, int depth)
    {
        Typed value = Expression(depth);
        return IsImplicit(value.Type, type) && Chance(80) ? value.Text : "(" + type + ")(" + value.Text + ")";
    }

    private string Cast(Typed value, string type) => value.Type == type || (IsImplicit(value.Type, type) && Chance(50)) ? value.Text : "((" + type + ")" + value.Text + ")";

    private static string Promoted(string type) => Size(type) < 4 ? "int" : type;

    /// <summary>A place that can be written, with its type.</summary>
    private (string Text, string Type) Target()
    {
        int choice = _random.Next(10);
        if (choice < 2 && _structs.Count > 0)
        {
            (string field, string type) = Pick(_fields);
            return (Field(Pick(_structs), field), type);
        }

        if (choice < 4 && _buffers.Count > 0)
        {
            return Element(1);
        }

        // Not the inputs: the expressions shall go on to depend on them.
        return Pick(_variables.Count > 2 && _variables[0].Name == "a" ? _variables.Skip(2).ToList() : _variables);
    }

    private (string Text, string Type) Element(int depth)
    {
        (string name, string element, int length, bool faults) = Pick(_buffers);
        string index = faults && _mayFault && Chance(25)
            ? "(int)(" + Expression(depth).Text + " & 7)"
            : faults ? _random.Next(length).ToString(CultureInfo.InvariantCulture)
            : "(int)(" + Expression(depth).Text + " & " + (length - 1).ToString(CultureInfo.InvariantCulture) + ")";
        return (name + "[" + index + "]", element);
    }

    private string Step()
    {
        string target = Target().Text;
        return Pick<string>([target + "++", target + "--", "++" + target, "--" + target]);
    }

    private string CompoundAssignment(int depth)
    {
        (string target, string type) = Target();
        string operation = Pick<string>(["+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "/=", "%="]);
        if (operation is "<<=" or ">>=" or ">>>=")
        {
            return target + " " + operation + " " + To("int", depth);
        }

        return target + " " + operation + " " + (operation is "/=" or "%=" ? Divisor(type, depth) : To(type, depth));
    }

    private string Divisor(string type, int depth)
    {
        if (Chance(40))
        {
            return "((" + type + ")" + Pick<string>(IsSigned(type) ? ["3", "7", "-5", "10", "16", "-1", "1", "127"] : ["3", "7", "10", "16", "1", "127"]) + ")";
        }

        string variable = "(" + type + ")(" + Variable().Text + ")";
        return _mayFault && Chance(30) ? "(" + variable + ")" : "(" + type + ")(" + Cast(new Typed("(" + variable + ")", type), type) + " | 1)";
    }

    private Typed Variable()
    {
        int count = _variables.Count + _readOnly.Count;
        int index = _random.Next(count);
        (string name, string type) = index < _variables.Count ? _variables[index] : _readOnly[index - _variables.Count];
        return new Typed(name, type);
    }

    private Typed Leaf()
    {
        int choice = _random.Next(10);
        if (choice < 2)
        {
            string type = Pick(s_types);
            return new Typed(Literal(type), type, IsConstant: true);
        }

        if (choice == 2 && _structs.Count > 0)
        {
            (string field, string type) = Pick(_fields);
            return new Typed(Field(Pick(_structs), field), type);
        }

        if (choice == 3 && _buffers.Count > 0)
        {
            (string text, string type) = Element(0);
            return new Typed(text, type);
        }

        return Variable();
    }

    private Typed Expression(int depth)
    {
        if (depth <= 0 || --_budget <= 0)
        {
            return Leaf();
        }

        switch (_random.Next(24))
        {
            case 0 or 1 or 2:
                return Leaf();
            case 3 or 4:
                Typed inner = Expression(depth - 1);
                string wide = Pick(s_types), narrow = Pick(s_types);
                return new Typed("((" + wide + ")(" + narrow + ")" + Closed(inner) + ")", wide, inner.IsConstant);
            case 5:
                Typed operand = Expression(depth - 1);
                string promoted = Promoted(operand.Type);
                if (Chance(50))
                {
                    return new Typed("(~" + Closed(operand) + ")", promoted, operand.IsConstant);
                }

                return promoted == "ulong" ? operand : new Typed("(-" + Closed(operand) + ")", promoted == "uint" ? "long" : promoted, operand.IsConstant);
            case 6 or 7:
                Typed shifted = Expression(depth - 1);
                return new Typed("(" + Closed(shifted) + Pick<string>([" << ", " >> ", " >>> "]) + (Chance(40) ? Pick<string>(["1", "7", "31", "32", "63", "-1"]) : "(int)" + Closed(Expression(depth - 1))) + ")", Promoted(shifted.Type));
            case 8:
                string type = Promoted(Pick(s_types));
                return new Typed("((" + type + ")" + Closed(Variable()) + Pick<string>([" / ", " % "]) + Divisor(type, depth - 1) + ")", type);
            case 9 or 10:
                string chosen = Pick(s_types);
                return new Typed("(" + Condition(depth - 1) + " ? " + Cast(Closed2(Expression(depth - 1)), chosen) + " : (" + chosen + ")" + Closed(Expression(depth - 1)) + ")", chosen);
            case 11 when Callable.Count > 0:
                Callee callee = Pick(Callable);
                return new Typed(Call(callee, depth - 1), callee.Result);
            case 12 when _locals.Count > 0:
                Callee local = Pick(_locals);
                return new Typed(Call(local, depth - 1), local.Result);
            case 13:
                (string target, string assigned) = Target();
                return Chance(50) ? new Typed("(" + target + " = " + To(assigned, depth - 1) + ")", assigned) : new Typed("(" + StepOf(target) + ")", assigned);
            case 14:
                return SwitchExpression(depth);
            case 15:
                string same = Pick<string>(["int", "uint", "long", "ulong"]);
                return new Typed("System.Math." + Pick<string>(["Min", "Max"]) + "((" + same + ")" + Closed(Expression(depth - 1)) + ", (" + same + ")" + Closed(Expression(depth - 1)) + ")", same);
            case 16:
                string rotated = Pick<string>(["uint", "ulong"]);
                return new Typed("System.Numerics.BitOperations." + Pick<string>(["RotateLeft", "RotateRight"]) + "((" + rotated + ")" + Closed(Expression(depth - 1)) + ", (int)" + Closed(Expression(depth - 1)) + ")", rotated);
            default:
                return Binary(depth);
        }
    }

    private string StepOf(string target) => Pick<string>([target + "++", target + "--", "++" + target, "--" + target]);

    private static string Closed(Typed value) => "(" + value.Text + ")";

    private static Typed Closed2(Typed value) => value with { Text = "(" + value.Text + ")" };

    private (Typed Left, Typed Right, string Type) Operands(int depth)
    {
        Typed left = Closed2(Expression(depth - 1)), right = Closed2(Expression(depth - 1));
        if (left.Type == "ulong" || right.Type == "ulong")
        {
            left = left with { Text = IsSigned(left.Type) ? "(ulong)" + left.Text : left.Text };
            right = right with { Text = IsSigned(right.Type) ? "(ulong)" + right.Text : right.Text };
            return (left, right, "ulong");
        }

        bool isLong = left.Type == "long" || right.Type == "long";
        bool isUint = left.Type == "uint" || right.Type == "uint";
        bool mixes = isUint && (IsSigned(left.Type) || IsSigned(right.Type));
        return (left, right, isLong || mixes ? "long" : isUint ? "uint" : "int");
    }

    private Typed Binary(int depth)
    {
        (Typed left, Typed right, string type) = Operands(depth);
        return new Typed("(" + left.Text + Pick<string>([" + ", " - ", " * ", " & ", " | ", " ^ "]) + right.Text + ")", type, left.IsConstant && right.IsConstant);
    }

    private Typed SwitchExpression(int depth)
    {
        Typed subject = Variable();
        string type = Pick(s_types);
        string[] labels = [.. s_boundaries[subject.Type].OrderBy(_ => _random.Next()).Take(_random.Next(1, 4))];
        IEnumerable<string> arms = labels.Select(l => l + (Chance(25) ? " when " + Condition(1) : "") + " => (" + type + ")" + Closed(Expression(depth - 1)));
        string last = _mayFault && Chance(10) ? "" : ", _ => (" + type + ")" + Closed(Expression(depth - 1));
        return new Typed("(" + subject.Text + " switch { " + string.Join(", ", arms) + last + " })", type);
    }

    private string Condition(int depth)
    {
        if (depth <= 0 || --_budget <= 0)
        {
            return _flags.Count > 0 && Chance(50) ? Pick(_flags) : "(" + Variable().Text + " > 1)";
        }

        switch (_random.Next(12))
        {
            case 0 when _flags.Count > 0:
                return (Chance(50) ? "!" : "") + Pick(_flags);
            case 1 or 2:
                return "(" + Condition(depth - 1) + Pick<string>([" && ", " || "]) + Condition(depth - 1) + ")";
            case 3:
                return "(" + Condition(depth - 1) + Pick<string>([" ^ ", " & ", " | ", " == ", " != "]) + Condition(depth - 1) + ")";
            case 4:
                return "(!" + Condition(depth - 1) + ")";
            case 5 or 6:
                Typed subject = Variable();
                // Neither the least nor the greatest value, because C# refuses a pattern that nothing matches.
                string[] values = s_boundaries[subject.Type][1..^1];
                string relation = Pick<string>(["< ", "> ", ">= ", "<= ", "", "not "]);
                string more = Chance(50) ? "" : (relation.Length > 0 && relation[0] is '>' or 'n' && Chance(50) ? " and not " : " or ") + Pick(s_boundaries[subject.Type]);
                return "(" + subject.Text + " is " + relation + Pick(values) + more + ")";
            default:
                (Typed left, Typed right, _) = Operands(depth);
                return "(" + left.Text + Pick<string>([" < ", " <= ", " > ", " >= ", " == ", " != "]) + right.Text + ")";
        }
    }

    private string Call(Callee callee, int depth)
    {
        // C# locates what is passed by reference before the later arguments are evaluated: any place may be passed.
        IEnumerable<string> arguments = callee.Parameters.Select(p => p.Kind switch
        {
            "ref " or "out " => p.Kind + PlaceOf(p.Type),
            "in " => Chance(50) ? To(p.Type, depth) : PlaceOf(p.Type),
            _ => To(p.Type, depth),
        });
        return callee.Name + "(" + string.Join(", ", arguments) + ")";
    }

    private string PlaceOf(string type)
    {
        string[] fitting = [.. _variables.Where(v => v.Type == type && v.Name is not ("a" or "b")).Select(v => v.Name), .. _structs.SelectMany(s => _fields.Where(f => f.Type == type).Select(f => Field(s, f.Name)))];
        return Pick(fitting);
    }
}
