using System.Collections.Generic;

namespace Fathom.Format.Names;

/// <summary>Types, template arguments and substitutions: https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling-type</summary>
internal sealed partial class CppParser
{
    private CppNode ParseType()
    {
        Enter();
        CppNode type = ParseTypeInside();
        Leave();
        return type;
    }

    private CppNode ParseTypeInside()
    {
        char first = Peek();
        if (CppOperators.SimpleType(first) is { } simple)
        {
            _at++;
            return CppNode.Name(simple);
        }

        switch (first)
        {
            case 'r' or 'V' or 'K':
                return ParseQualifiedType();
            case 'P':
                _at++;
                return Add(new CppNode(CppKind.Pointer) { A = ParseType(), Text = "*" });
            case 'R':
                _at++;
                return Add(new CppNode(CppKind.Pointer) { A = ParseType(), Text = "&" });
            case 'O':
                _at++;
                return Add(new CppNode(CppKind.Pointer) { A = ParseType(), Text = "&&" });
            case 'C':
                _at++;
                return Add(new CppNode(CppKind.Postfixed) { A = ParseType(), Text = " _Complex" });
            case 'G':
                _at++;
                return Add(new CppNode(CppKind.Postfixed) { A = ParseType(), Text = " _Imaginary" });
            case 'F':
                return Add(ParseFunctionType(0));
            case 'A':
                return Add(ParseArrayType());
            case 'M':
                _at++;
                CppNode owner = ParseType();
                return Add(new CppNode(CppKind.MemberPointer) { A = owner, B = ParseType() });
            case 'U':
                return Add(ParseVendorQualified());
            case 'u':
                _at++;
                CppNode vendor = ParseSourceName();
                return Add(Peek() == 'I' ? new CppNode(CppKind.Template) { A = vendor, Items = ParseTemplateArguments(false) } : vendor);
            case 'D':
                return ParseTypeOfD();
            case 'T':
                if (Peek(1) is 's' or 'u' or 'e')
                {
                    _at += 2;
                    return Add(ParseName(null));
                }

                CppNode parameter = AddParameter();

                // Behind the type of a conversion operator, the arguments may be those of the operator itself.
                return Peek() != 'I' || (_mayBeForward && !HasArgumentsBehind()) ? parameter : ParseTemplateOfType(parameter);
            case 'S' when Peek(1) != 't':
                CppNode substitution = ParseSubstitution(false);
                return Peek() == 'I' ? ParseTemplateOfType(substitution) : substitution;
            default:
                return Add(ParseName(null));
        }
    }

    private CppNode ParseTemplateOfType(CppNode name) =>
        Add(new CppNode(CppKind.Template) { A = name, Items = ParseTemplateArguments(false) });

    // Compilers count a parameter once for all templates in a name: a reference back to it means that of the template at hand.
    private CppNode AddParameter()
    {
        CppNode parameter = ParseTemplateParameter(out int number);
        _parameters[_substitutions.Count] = number;
        return Add(parameter);
    }

    // Whether a second list of arguments follows the one that begins here: then the first is the type's.
    private bool HasArgumentsBehind()
    {
        int at = _at;
        int substitutions = _substitutions.Count;
        int forward = _forward.Count;
        int depth = _depth;
        int lambdas = _lambdas;
        List<CppNode> arguments = _templateArguments;
        bool before = _mayBeForward;
        _mayBeForward = true;
        bool result;
        try
        {
            ParseTemplateArguments(false);
            result = Peek() == 'I';
        }
        catch (BadNameException)
        {
            result = false;
        }

        (_mayBeForward, _at, _depth, _lambdas, _templateArguments) = (before, at, depth, lambdas, arguments);
        Truncate(substitutions);
        _forward.RemoveRange(forward, _forward.Count - forward);
        return result;
    }

    private int ParseQualifiers() =>
        (Take('r') ? CppPrinter.Restrict : 0) | (Take('V') ? CppPrinter.Volatile : 0) | (Take('K') ? CppPrinter.Const : 0);

    private CppNode ParseQualifiedType()
    {
        int qualifiers = ParseQualifiers();
        if (Peek() == 'F' || (Peek() == 'D' && Peek(1) is 'o' or 'O' or 'w' or 'x'))
        {
            // They belong to the object that a member function is called on.
            return Add(ParseFunctionType(qualifiers));
        }

        return Add(new CppNode(CppKind.Qualified) { A = ParseType(), Number = qualifiers });
    }

    private CppNode ParseVendorQualified()
    {
        Expect('U');
        CppNode qualifier = ParseSourceName();
        List<CppNode> arguments = Peek() == 'I' ? ParseTemplateArguments(false) : [];
        CppNode type = ParseType();
        return arguments.Count == 0
            ? new CppNode(CppKind.Postfixed) { A = type, Text = " " + qualifier.Text }
            : CppNode.Sequence(type, CppNode.Name(" "), new CppNode(CppKind.Template) { A = qualifier, Items = arguments });
    }

    private CppNode ParseFunctionType(int qualifiers)
    {
        string exceptions = "";
        CppNode? condition = null;
        if (Take("Do"))
        {
            exceptions = " noexcept";
        }
        else if (Take("DO"))
        {
            condition = CppNode.Sequence(CppNode.Name(" noexcept("), ParseExpression(), CppNode.Name(")"));
            Expect('E');
        }
        else if (Take("Dw"))
        {
            condition = CppNode.Sequence(CppNode.Name(" throw("), new CppNode(CppKind.List) { Items = ParseTypesUntilEnd() }, CppNode.Name(")"));
        }

        string transaction = Take("Dx") ? " transaction_safe" : "";
        Expect('F');
        Take('Y');
        CppNode result = ParseType();
        List<CppNode> parameters = [];
        string reference = "";
        bool isEmpty = Take('v');
        while (!Take('E'))
        {
            if (Take("RE") || Take("OE"))
            {
                reference = _name[_at - 2] == 'R' ? " &" : " &&";
                break;
            }

            Require(!isEmpty);
            parameters.Add(ParseType());
        }

        return new CppNode(CppKind.Function)
        {
            A = result,
            B = condition,
            Items = parameters,
            Number = qualifiers,
            Text = reference + transaction + exceptions,
        };
    }

    private CppNode ParseArrayType()
    {
        Expect('A');
        CppNode? count = Peek() is >= '0' and <= '9' ? ParseDigits() : Peek() == '_' ? null : ParseExpression();
        Expect('_');
        return new CppNode(CppKind.Array) { B = count, A = ParseType() };
    }

    private CppNode ParseDigits()
    {
        int start = _at;
        ParseInteger();
        return CppNode.Name(_name.Substring(start, _at - start));
    }

    private CppNode ParseTypeOfD()
    {
        char second = Peek(1);
        if (CppOperators.SimpleTypeD(second) is { } simple)
        {
            _at += 2;
            return CppNode.Name(simple);
        }

        switch (second)
        {
            case 't' or 'T':
                return Add(ParseDecltype());
            case 'p':
                _at += 2;
                return Add(new CppNode(CppKind.Expansion) { A = ParseType() });
            case 'v':
                _at += 2;
                CppNode size = Take('_') ? ParseExpression() : ParseDigits();
                Expect('_');
                return Add(CppNode.Sequence(ParseType(), CppNode.Name(" __vector("), size, CppNode.Name(")")));
            case 'F':
                _at += 2;
                string bits = ParseDigits().Text;
                char kind = Peek() is 'b' or 'x' ? Next() : '\0';
                _ = kind != '\0' || Take('_');
                return CppNode.Name(kind == 'b' ? "std::bfloat16_t" : "_Float" + bits + (kind == 'x' ? "x" : ""));
            case 'B' or 'U':
                _at += 2;
                CppNode width = Peek() is >= '0' and <= '9' ? ParseDigits() : ParseExpression();
                Expect('_');
                return CppNode.Sequence(CppNode.Name(second == 'B' ? "_BitInt(" : "unsigned _BitInt("), width, CppNode.Name(")"));
            case 'o' or 'O' or 'w' or 'x':
                return Add(ParseFunctionType(0));
            default:
                throw new BadNameException();
        }
    }

    private CppNode ParseDecltype()
    {
        Require(Take("Dt") || Take("DT"));
        CppNode expression = ParseExpression();
        Expect('E');
        return CppNode.Sequence(CppNode.Name("decltype ("), expression, CppNode.Name(")"));
    }

    private CppNode ParseTemplateParameter() => ParseTemplateParameter(out _);

    private CppNode ParseTemplateParameter(out int number)
    {
        Expect('T');
        number = ParseCounter();
        if (_lambdas > 0)
        {
            // A parameter that the lambda declares with auto.
            return CppNode.Name("auto:" + (number + 1));
        }

        if (_mayBeForward)
        {
            CppNode forward = new(CppKind.Forward) { Number = number };
            _forward.Add(forward);
            return forward;
        }

        Require(number < _templateArguments.Count);
        return _templateArguments[number];
    }

    private List<CppNode> ParseTemplateArguments(bool remember)
    {
        Enter();
        Require(Take('I') || Take('J'));
        List<CppNode> arguments = [];
        List<CppNode> remembered = [];
        if (remember)
        {
            _templateArguments = remembered;
        }

        while (!Take('E'))
        {
            if (Take('Q'))
            {
                // A constraint says which overload it is and is not written.
                ParseExpression();
                continue;
            }

            CppNode argument = ParseTemplateArgument();
            arguments.Add(argument);
            remembered.Add(argument.Kind == CppKind.List ? new CppNode(CppKind.Pack) { Items = argument.Items } : argument);
        }

        Leave();
        return arguments;
    }

    private CppNode ParseTemplateArgument()
    {
        Enter();
        CppNode argument;
        switch (Peek())
        {
            case 'X':
                _at++;
                argument = ParseExpression();
                Expect('E');
                break;
            case 'L':
                argument = ParseLiteral();
                break;
            case 'J':
                _at++;
                List<CppNode> items = [];
                while (!Take('E'))
                {
                    items.Add(ParseTemplateArgument());
                }

                argument = new CppNode(CppKind.List) { Items = items };
                break;
            default:
                argument = ParseType();
                break;
        }

        Leave();
        return argument;
    }

    private CppNode ParseSubstitution(bool isPrefix)
    {
        Expect('S');
        char kind = Peek();
        if (kind is '_' or >= '0' and <= '9' or >= 'A' and <= 'Z')
        {
            int number = ParseSequenceNumber();
            Require(number < _substitutions.Count);
            return _lambdas == 0 && _parameters.TryGetValue(number, out int parameter) && parameter < _templateArguments.Count
                ? _templateArguments[parameter]
                : _substitutions[number];
        }

        _at++;
        const string Characters = "<char, std::char_traits<char> >";
        const string WithAllocator = "<char, std::char_traits<char>, std::allocator<char> >";

        // Before its constructor, a class is written with all its arguments.
        bool isWhole = isPrefix && Peek() is 'C' or 'D';
        CppNode node = kind switch
        {
            'a' => Class("allocator", "allocator", ""),
            'b' => Class("basic_string", "basic_string", ""),
            's' => Class("string", "basic_string", WithAllocator),
            'i' => Class("istream", "basic_istream", Characters),
            'o' => Class("ostream", "basic_ostream", Characters),
            'd' => Class("iostream", "basic_iostream", Characters),
            _ => throw new BadNameException(),
        };
        while (Peek() == 'B' && Peek(1) is >= '0' and <= '9')
        {
            _at++;
            node = Add(new CppNode(CppKind.Tagged) { A = node, Text = ParseSourceName().Text });
        }

        return node;

        CppNode Class(string name, string baseName, string arguments) =>
            new(CppKind.Name) { Text = isWhole ? "std::" + baseName + arguments : "std::" + name, Base = baseName };
    }
}
