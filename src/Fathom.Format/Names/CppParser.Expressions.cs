using System.Collections.Generic;

namespace Fathom.Format.Names;

/// <summary>Expressions and literals: https://itanium-cxx-abi.github.io/cxx-abi/abi.html#expressions</summary>
internal sealed partial class CppParser
{
    // Reading an expression takes more of the stack than reading anything else.
    private const int ExpressionLevels = 4;

    private static CppNode Operand(CppNode node) => new(CppKind.Operand) { A = node };

    private static CppNode List(List<CppNode> items) => new(CppKind.List) { Items = items };

    private CppNode ParseExpression()
    {
        Enter(ExpressionLevels);
        CppNode expression = ParseExpressionInside();
        Leave(ExpressionLevels);
        return expression;
    }

    private CppNode ParseExpressionInside()
    {
        char first = Peek();
        if (first == 'L')
        {
            return ParseLiteral();
        }

        if (first == 'T' && Peek(1) is '_' or >= '0' and <= '9')
        {
            return ParseTemplateParameter();
        }

        if (first is >= '0' and <= '9')
        {
            return ParseUnresolvedPart(null);
        }

        string code = _at + 2 <= _name.Length ? _name.Substring(_at, 2) : throw new BadNameException();
        if (code == "fp" || code == "fL")
        {
            return ParseFunctionParameter();
        }

        _at += 2;
        switch (code)
        {
            case "gs":
                return CppNode.Sequence(CppNode.Name("::"), ParseExpression());
            case "sr":
                return ParseUnresolvedName();
            case "on":
                return ParseOperatorUse();
            case "dn":
                return CppNode.Sequence(CppNode.Name("~"), Peek() is >= '0' and <= '9' ? ParseUnresolvedPart(null) : ParseType());
            case "st" or "at":
                return CppNode.Sequence(CppNode.Name(code == "st" ? "sizeof (" : "alignof ("), ParseType(), CppNode.Name(")"));
            case "sz" or "az":
                return CppNode.Sequence(CppNode.Name(code == "sz" ? "sizeof " : "alignof "), Operand(ParseExpression()));
            case "nx":
                return CppNode.Sequence(CppNode.Name("noexcept("), ParseExpression(), CppNode.Name(")"));
            case "te" or "ti":
                return CppNode.Sequence(CppNode.Name("typeid("), code == "te" ? ParseExpression() : ParseType(), CppNode.Name(")"));
            case "sp":
                return new CppNode(CppKind.Expansion) { A = ParseExpression() };
            case "sZ":
                return new CppNode(CppKind.PackSize) { A = Peek() == 'T' ? ParseTemplateParameter() : ParseFunctionParameter() };
            case "sP":
                return CppNode.Sequence(CppNode.Name("sizeof...("), List(ParseArgumentsUntilEnd()), CppNode.Name(")"));
            case "tw":
                return CppNode.Sequence(CppNode.Name("throw "), ParseExpression());
            case "tr":
                return CppNode.Name("throw");
            case "tl":
                return CppNode.Sequence(ParseType(), CppNode.Name("{"), List(ParseExpressionsUntilEnd()), CppNode.Name("}"));
            case "il":
                return CppNode.Sequence(CppNode.Name("{"), List(ParseExpressionsUntilEnd()), CppNode.Name("}"));
            case "cl":
                return CppNode.Sequence(Operand(ParseExpression()), CppNode.Name("("), List(ParseExpressionsUntilEnd()), CppNode.Name(")"));
            case "cv":
                return ParseCast();
            case "sc":
                return ParseNamedCast("static_cast");
            case "dc":
                return ParseNamedCast("dynamic_cast");
            case "rc":
                return ParseNamedCast("reinterpret_cast");
            case "cc":
                return ParseNamedCast("const_cast");
            case "nw" or "na":
                return ParseNew(code == "na");
            case "dl" or "da":
                return CppNode.Sequence(CppNode.Name(code == "dl" ? "delete " : "delete[] "), ParseExpression());
            case "fl" or "fr" or "fL" or "fR":
                return ParseFold(code);
            case "ix":
                CppNode array = ParseExpression();
                return CppNode.Sequence(Operand(array), CppNode.Name("["), ParseExpression(), CppNode.Name("]"));
            case "qu":
                CppNode condition = ParseExpression();
                CppNode yes = ParseExpression();
                return CppNode.Sequence(Operand(condition), CppNode.Name("?"), Operand(yes), CppNode.Name(" : "), Operand(ParseExpression()));
            case "dt" or "pt":
                CppNode owner = ParseExpression();
                return CppNode.Sequence(Operand(owner), CppNode.Name(code == "dt" ? "." : "->"), Operand(ParseExpression()));
            case "pp" or "mm":
                bool isPrefix = Take('_');
                CppNode changed = ParseExpression();
                CppNode sign = CppNode.Name(code == "pp" ? "++" : "--");
                return isPrefix ? CppNode.Sequence(sign, Operand(changed)) : CppNode.Sequence(Operand(changed), sign);
        }

        Require(CppOperators.TryFind(code, out string text, out int operands) && operands > 0);
        CppNode left = ParseExpression();
        if (operands == 1)
        {
            // The address of a function is written without its parameters.
            left = code == "ad" && left is { Kind: CppKind.Encoding, A.Kind: not CppKind.Template } ? left.A : left;
            return CppNode.Sequence(CppNode.Name(text), Operand(left));
        }

        CppNode right = ParseExpression();

        // So that it does not end a list of template arguments.
        CppNode both = CppNode.Sequence(Operand(left), CppNode.Name(text), Operand(right));
        return text == ">" ? CppNode.Sequence(CppNode.Name("("), both, CppNode.Name(")")) : both;
    }

    private List<CppNode> ParseExpressionsUntilEnd()
    {
        List<CppNode> expressions = [];
        while (!Take('E'))
        {
            expressions.Add(ParseExpression());
        }

        return expressions;
    }

    private List<CppNode> ParseArgumentsUntilEnd()
    {
        List<CppNode> arguments = [];
        while (!Take('E'))
        {
            arguments.Add(ParseTemplateArgument());
        }

        return arguments;
    }

    private CppNode ParseFunctionParameter()
    {
        if (Take("fpT"))
        {
            return CppNode.Name("this");
        }

        if (Take("fL"))
        {
            ParseNumber();
            Expect('p');
        }
        else
        {
            Require(Take("fp"));
        }

        ParseQualifiers();
        return CppNode.Name("{parm#" + (ParseCounter() + 1) + "}");
    }

    // sr <type> <name>, sr <names> E <name>
    private CppNode ParseUnresolvedName()
    {
        if (Peek() is not (>= '0' and <= '9'))
        {
            return ParseUnresolvedPart(ParseType());
        }

        CppNode? scope = null;
        while (!Take('E'))
        {
            scope = ParseUnresolvedPart(scope);
        }

        return ParseUnresolvedPart(Required(scope));
    }

    private CppNode ParseUnresolvedPart(CppNode? scope)
    {
        CppNode part;
        if (Take("on"))
        {
            part = ParseOperatorUse();
        }
        else if (Take("dn"))
        {
            part = CppNode.Sequence(CppNode.Name("~"), Peek() is >= '0' and <= '9' ? ParseSourceName() : ParseType());
        }
        else
        {
            part = Peek() is >= '0' and <= '9' ? ParseSourceName() : ParseOperatorName(null);
        }

        if (Peek() == 'I')
        {
            part = new CppNode(CppKind.Template) { A = part, Items = ParseTemplateArguments(false) };
        }

        return scope is null ? part : new CppNode(CppKind.Nested) { A = scope, B = part };
    }

    private CppNode ParseOperatorUse()
    {
        CppNode name = ParseOperatorName(null);
        return Peek() == 'I' ? new CppNode(CppKind.Template) { A = name, Items = ParseTemplateArguments(false) } : name;
    }

    private CppNode ParseCast()
    {
        CppNode type = ParseType();
        if (!Take('_'))
        {
            return CppNode.Sequence(CppNode.Name("("), type, CppNode.Name(")"), Operand(ParseExpression()));
        }

        return CppNode.Sequence(CppNode.Name("("), type, CppNode.Name(")("), List(ParseExpressionsUntilEnd()), CppNode.Name(")"));
    }

    private CppNode ParseNamedCast(string name)
    {
        CppNode type = ParseType();
        return CppNode.Sequence(CppNode.Name(name + "<"), type, CppNode.Name(">("), ParseExpression(), CppNode.Name(")"));
    }

    private CppNode ParseNew(bool isArray)
    {
        List<CppNode> place = [];
        while (!Take('_'))
        {
            place.Add(ParseExpression());
        }

        List<CppNode> parts = [CppNode.Name(isArray ? "new[] " : "new ")];
        if (place.Count > 0)
        {
            parts.AddRange([CppNode.Name("("), List(place), CppNode.Name(") ")]);
        }

        parts.Add(ParseType());
        if (Take("pi"))
        {
            parts.AddRange([CppNode.Name("("), List(ParseExpressionsUntilEnd()), CppNode.Name(")")]);
        }
        else if (Peek() == 'i')
        {
            parts.Add(ParseExpression());
        }
        else
        {
            Expect('E');
        }

        return new CppNode(CppKind.Sequence) { Items = parts };
    }

    private CppNode ParseFold(string code)
    {
        Require(_at + 2 <= _name.Length && CppOperators.TryFind(_name.Substring(_at, 2), out string _, out _));
        CppOperators.TryFind(_name.Substring(_at, 2), out string text, out _);
        _at += 2;
        CppNode first = ParseExpression();
        CppNode dots = CppNode.Name("...");
        CppNode sign = CppNode.Name(text);
        CppNode open = CppNode.Name("(");
        CppNode close = CppNode.Name(")");
        return code switch
        {
            "fl" => CppNode.Sequence(open, dots, sign, Operand(first), close),
            "fr" => CppNode.Sequence(open, Operand(first), sign, dots, close),
            _ => CppNode.Sequence(open, Operand(first), sign, dots, sign, Operand(ParseExpression()), close),
        };
    }

    // L <type> <value> E, L <mangled name> E
    private CppNode ParseLiteral()
    {
        Enter();
        Expect('L');
        CppNode literal;
        if (Peek() == '_' || (Peek() == 'Z' && Peek(1) != '\0'))
        {
            Take('_');
            Expect('Z');
            literal = ParseEncoding();
        }
        else
        {
            literal = ParseLiteralValue(ParseType());
        }

        Expect('E');
        Leave();
        return literal;
    }

    // Not simple as an operand.
    private static CppNode Literal(string text) => CppNode.Sequence(CppNode.Name(text));

    private CppNode ParseLiteralValue(CppNode type)
    {
        int start = _at;
        while (Peek() is not ('E' or '\0'))
        {
            _at++;
        }

        string value = _name.Substring(start, _at - start);
        string name = type.Kind == CppKind.Name ? type.Text : "";
        if (name == "bool" && value is "0" or "1")
        {
            return Literal(value == "0" ? "false" : "true");
        }

        if (name == "decltype(nullptr)")
        {
            Require(value is "" or "0");
            return Literal("nullptr");
        }

        Require(value.Length > 0 || type.Kind is CppKind.Lambda or CppKind.Nested or CppKind.Local or CppKind.Array or CppKind.Pointer);
        string number = value.Length > 0 && value[0] == 'n' ? "-" + value.TrimStart('n') : value;
        bool isFloat = name is "float" or "double" or "long double" or "__float128";
        return isFloat
            ? CppNode.Sequence(CppNode.Name("("), type, CppNode.Name(")[" + value + "]"))
            : CppOperators.LiteralSuffix(name) is { } suffix
                ? Literal(number + suffix)
                : CppNode.Sequence(CppNode.Name("("), type, CppNode.Name(")" + number));
    }
}
