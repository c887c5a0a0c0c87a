using System.Collections.Generic;
using System.Linq;

namespace Fathom.Fuzzing.Writing;

/// <content>Expressions. Each is written with its C# type, so that conversions are left out where C# needs none.</content>
internal sealed partial class RandomMethod
{
    private static readonly string[] s_wide = ["int", "uint", "long", "ulong"];

    private static readonly string[] s_castTypes = [.. s_types, .. s_moreTypes];

    private readonly record struct Typed(string Text, string Type);

    private static int SizeOf(string type) => type switch { "sbyte" or "byte" => 1, "short" or "ushort" or "char" => 2, "int" or "uint" => 4, _ => 8 };

    private static bool IsSigned(string type) => type is "sbyte" or "short" or "int" or "long";

    // Nothing becomes a char by itself.
    private static bool IsImplicit(string from, string to) =>
        from == to || (to != "char" && (from, to) == ("char", "ushort")) || (to != "char" && SizeOf(from) < SizeOf(to) && (!IsSigned(from) || IsSigned(to)));

    private static string Promoted(string type) => SizeOf(type) < 4 ? "int" : type;

    private static string Closed(Typed value) => "(" + value.Text + ")";

    /// <summary>The integer type that a type is read as.</summary>
    private string Base(string type) => type switch { "nint" => "long", "nuint" => "ulong", "E" => _enumType, _ => type };

    private Typed Read(Place place) => Base(place.Type) == place.Type ? new(place.Name, place.Type) : new("((" + Base(place.Type) + ")" + place.Name + ")", Base(place.Type));

    private string Literal(string type) => "((" + type + ")(" + (Chance(75) ? Pick(s_boundaries[Base(type)]) : _random.Next(0, 100).ToString()) + "))";

    /// <summary>An expression that can be assigned to the type.</summary>
    private string To(string type, int depth)
    {
        Typed value = Expression(depth);
        return Base(type) == type && IsImplicit(value.Type, type) && Chance(80) ? value.Text : "(" + type + ")" + Closed(value);
    }

    private string Cast(Typed value, string type) => value.Type == type || (IsImplicit(value.Type, type) && Chance(50)) ? Closed(value) : "((" + type + ")" + Closed(value) + ")";

    /// <summary>A place that can be written. One that is to be referred to is no property.</summary>
    private Place Target(bool isReferred = false)
    {
        int choice = _random.Next(10);
        if (choice < 2 && _structs.Count > 0)
        {
            Place field = Pick(_fields);
            return field with { Name = Pick(_structs) + "." + field.Name };
        }

        if (choice < (_leaning == Leaning.Memory ? 7 : 4) && _buffers.Count > 0)
        {
            return Element(1);
        }

        // Not the inputs: the expressions shall go on to depend on them.
        Place[] places = [.. _variables.Where(v => !v.IsInput && !(isReferred && v.IsProperty))];
        return Pick(places);
    }

    private Place Element(int depth)
    {
        Buffer buffer = Pick(_buffers);
        // C# itself refuses an index outside an inline array if it sees that it is constant.
        string any = buffer.IsInlineArray ? Variable().Text : Expression(depth).Text;
        string index = buffer.Faults
            ? Chance(30) ? "(int)((" + any + ") & 7)" : _random.Next(buffer.Length).ToString()
            : Chance(40) ? _random.Next(buffer.Length).ToString() : "(int)((" + any + ") & " + (buffer.Length - 1) + ")";
        return new Place(buffer.Name + "[" + index + "]", buffer.Element);
    }

    private string Step() => StepOf(Target().Name);

    private string StepOf(string target) => Pick<string>([target + "++", target + "--", "++" + target, "--" + target]);

    private string CompoundAssignment(int depth)
    {
        (string target, string type, _, _) = Target();
        if (type == "E")
        {
            return target + Pick<string>([" |= ", " &= ", " ^= "]) + To(type, depth);
        }

        string operation = Pick<string>(["+=", "-=", "*=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "/=", "%="]);
        if (operation is "<<=" or ">>=" or ">>>=")
        {
            return target + " " + operation + " " + To("int", depth);
        }

        if (operation is not ("/=" or "%="))
        {
            return target + " " + operation + " " + To(type, depth);
        }

        // The method that divides on the CLR where a quotient may wrap has no compound form.
        return _wraps ? target + " ^= " + To(type, depth) : target + " " + operation + " (" + type + ")" + Divisor(Base(type), depth);
    }

    private string Divisor(string type, int depth)
    {
        if (Chance(40))
        {
            return "((" + type + ")" + Pick<string>(IsSigned(type) ? ["3", "7", "(-5)", "10", "16", "(-1)", "1", "127"] : ["3", "7", "10", "16", "1", "127"]) + ")";
        }

        string variable = "((" + type + ")(" + (depth > 1 && Chance(30) ? Expression(depth - 1).Text : Variable().Text) + "))";
        return Chance(25) ? variable : "((" + type + ")(" + variable + " | ((" + type + ")1)))";
    }

    private Typed Variable()
    {
        int index = _random.Next(_variables.Count + _readOnly.Count);
        return Read(index < _variables.Count ? _variables[index] : _readOnly[index - _variables.Count]);
    }

    private Typed Leaf()
    {
        int choice = _random.Next(10);
        if (choice < 2)
        {
            string type = AnyType();
            return new Typed(Literal(type), type);
        }

        if (choice == 2 && _structs.Count > 0)
        {
            Place field = Pick(_fields);
            return Read(field with { Name = Pick(_structs) + "." + field.Name });
        }

        if (choice is 3 or 4 && _buffers.Count > 0)
        {
            return Read(Element(0));
        }

        return Variable();
    }

    private Typed Expression(int depth)
    {
        if (depth <= 0 || --_budget <= 0)
        {
            return Leaf();
        }

        if (_leaning == Leaning.Widths && Chance(40))
        {
            return Chain(depth);
        }

        switch (_random.Next(29))
        {
            case 0 or 1 or 2:
                return Leaf();
            case 3 or 4 or 5:
                return Chain(depth);
            case 6:
                Typed operand = Expression(depth - 1);
                string promoted = Promoted(operand.Type);
                if (Chance(50))
                {
                    return new Typed("(~" + Closed(operand) + ")", promoted);
                }

                return promoted == "ulong" ? operand : new Typed("(-" + Closed(operand) + ")", promoted == "uint" ? "long" : promoted);
            case 7 or 8 or 9:
                Typed shifted = Expression(depth - 1);
                return new Typed("(" + Closed(shifted) + Pick<string>([" << ", " >> ", " >>> "]) + (Chance(50) ? Pick<string>(["1", "7", "8", "16", "24", "31", "32", "48", "56", "63", "-1"]) : "(int)" + Closed(Expression(depth - 1))) + ")", Promoted(shifted.Type));
            case 10 or 11:
                string type = Promoted(AnyType());
                Typed divided = Chance(50) ? Variable() : Expression(depth - 1);
                return new Typed("((" + type + ")" + Closed(divided) + Pick<string>([" / ", " % "]) + Divisor(type, depth - 1) + ")", type);
            case 12 or 13:
                string chosen = AnyType();
                return new Typed("(" + Condition(depth - 1) + " ? (" + chosen + ")" + Closed(Expression(depth - 1)) + " : (" + chosen + ")" + Closed(Expression(depth - 1)) + ")", chosen);
            case 14 or 15 when Callable.Count > 0:
                Callee callee = Pick(Callable);
                return new Typed(Call(callee, depth - 1), callee.Result);
            case 16 when _locals.Count > 0:
                Callee local = Pick(_locals);
                return new Typed(Call(local, depth - 1), local.Result);
            case 17:
                Place target = Target();
                return Read(target with { Name = Chance(50) ? "(" + target.Name + " = " + To(target.Type, depth - 1) + ")" : "(" + StepOf(target.Name) + ")" });
            case 18:
                return SwitchExpression(depth);
            case 19 or 20:
                return Method(depth);
            case 21 when _pairs.Count > 0:
                string pair = Pick(_pairs);
                return Pick<Typed>([new(pair + ".Sum", "long"), new(pair + ".Twice", "int"), new("(" + pair + " + " + Pick(_pairs) + ").Sum", "long"), new(pair + ".Bump(" + To("int", depth - 1) + ")", "int")]);
            default:
                return Binary(depth);
        }
    }

    /// <summary>Conversions one after the other: each cuts off or extends, and none may be forgotten.</summary>
    private Typed Chain(int depth)
    {
        string text = Closed(Expression(depth - 1)), type = AnyType();
        for (int i = _random.Next(1, _leaning == Leaning.Widths ? 5 : 3); i > 0; i--)
        {
            text = "(" + Pick(s_castTypes) + ")" + text;
        }

        return new Typed("((" + type + ")" + text + ")", type);
    }

    /// <summary>A method of .NET's that the compiler knows.</summary>
    private Typed Method(int depth)
    {
        string Of(string type) => "(" + type + ")" + Closed(Expression(depth - 1));
        string type = Pick(s_wide), unsigned = Pick<string>(["uint", "ulong"]), swapped = Pick<string>(["short", "ushort", "int", "uint", "long", "ulong"]);
        return _random.Next(5) switch
        {
            0 => new Typed("System.Math." + Pick<string>(["Min", "Max"]) + "(" + Of(type) + ", " + Of(type) + ")", type),
            1 => new Typed("System.Numerics.BitOperations." + Pick<string>(["RotateLeft", "RotateRight"]) + "(" + Of(unsigned) + ", " + Of("int") + ")", unsigned),
            2 => new Typed("System.Numerics.BitOperations." + Pick<string>(["Log2", "LeadingZeroCount"]) + "(" + Of(unsigned) + ")", "int"),
            3 => new Typed("System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(" + Of(swapped) + ")", swapped),
            _ when _hasOutputs => Atomic(Of),
            _ => Binary(depth),
        };
    }

    private Typed Atomic(System.Func<string, string> of)
    {
        string place = "ref o[" + _random.Next(Outputs) + "]";
        string text = _random.Next(4) switch
        {
            0 => "Increment(" + place + ")",
            1 => "Exchange(" + place + ", " + of("ulong") + ")",
            2 => "CompareExchange(" + place + ", " + of("ulong") + ", " + of("ulong") + ")",
            _ => Pick<string>(["Add", "And", "Or"]) + "(" + place + ", " + of("ulong") + ")",
        };
        return new Typed("System.Threading.Interlocked." + text, "ulong");
    }

    private (string Left, string Right, string Type) Operands(int depth)
    {
        Typed left = Expression(depth - 1), right = Expression(depth - 1);
        if (left.Type == "ulong" || right.Type == "ulong")
        {
            string Unsigned(Typed value) => (IsSigned(value.Type) ? "(ulong)" : "") + Closed(value);
            return (Unsigned(left), Unsigned(right), "ulong");
        }

        bool isLong = left.Type == "long" || right.Type == "long";
        bool isUint = left.Type == "uint" || right.Type == "uint";
        bool mixes = isUint && (IsSigned(left.Type) || IsSigned(right.Type));
        return (Closed(left), Closed(right), isLong || mixes ? "long" : isUint ? "uint" : "int");
    }

    private Typed Binary(int depth)
    {
        (string left, string right, string type) = Operands(depth);
        return new Typed("(" + left + Pick<string>([" + ", " - ", " * ", " & ", " | ", " ^ "]) + right + ")", type);
    }

    private Typed SwitchExpression(int depth)
    {
        Typed subject = Variable();
        string type = AnyType();
        string[] labels = [.. s_boundaries[subject.Type].OrderBy(_ => _random.Next()).Take(_random.Next(1, 4))];
        IEnumerable<string> arms = labels.Select(l => l + (Chance(25) ? " when " + Condition(1) : "") + " => (" + type + ")" + Closed(Expression(depth - 1)));
        string last = Chance(10) ? "" : ", _ => (" + type + ")" + Closed(Expression(depth - 1));
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
                (string left, string right, _) = Operands(depth);
                return "(" + left + Pick<string>([" < ", " <= ", " > ", " >= ", " == ", " != "]) + right + ")";
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
        return callee.Name + "(" + string.Join(", ", callee.TakesOutputs ? arguments.Append("o") : arguments) + ")";
    }

    private string PlaceOf(string type)
    {
        string[] fitting =
        [
            .. _variables.Where(v => v.Type == type && !v.IsInput && !v.IsProperty).Select(v => v.Name),
            .. _structs.SelectMany(s => _fields.Where(f => f.Type == type).Select(f => s + "." + f.Name)),
        ];
        return Pick(fitting);
    }
}
