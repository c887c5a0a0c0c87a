using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fathom.Format.Names;

/// <summary>
/// Reads mangled C++ names: https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling. This file reads names, the others types and
/// expressions. Each step takes at least a character or goes deeper, and the depth is bounded.
/// </summary>
internal sealed partial class CppParser
{
    private const int DeepestNesting = 512;

    private readonly string _name;

    // Looking ahead reads some parts again.
    private readonly int _mostSteps;
    private readonly List<CppNode> _substitutions = [];

    // The numbers of those substitutions that are parameters of templates.
    private readonly Dictionary<int, int> _parameters = [];

    // Parameters that stand before the arguments of their template, as in the type of a conversion operator.
    private readonly List<CppNode> _forward = [];
    private List<CppNode> _templateArguments = [];
    private int _at;
    private int _depth;
    private int _steps;
    private int _lambdas;
    private bool _mayBeForward;

    private CppParser(string name)
    {
        _name = name;
        _mostSteps = Demangler.StepsOfReading(name);
    }

    /// <summary>What is known of a function's name before its type is read.</summary>
    private sealed class NameFacts
    {
        /// <summary>The type then begins with the result.</summary>
        public bool EndsWithTemplateArguments { get; set; }

        /// <summary>A constructor, destructor or conversion never has one.</summary>
        public bool HasNoResult { get; set; }

        public int Qualifiers { get; set; }

        public string Reference { get; set; } = "";
    }

    /// <summary>The name as it was written.</summary>
    /// <exception cref="BadNameException">It cannot be read.</exception>
    public static string Demangle(string name)
    {
        CppParser parser = new(name) { _at = 2 };
        CppNode node = parser.ParseEncoding(isOutermost: true);
        return CppPrinter.Print(node, name) + parser.ParseSuffixes();
    }

    /// <summary>The name as it was written, and without the function's type.</summary>
    /// <exception cref="BadNameException">It cannot be read.</exception>
    public static string Demangle(string name, out string plain)
    {
        CppParser parser = new(name) { _at = 2 };
        CppNode node = parser.ParseEncoding(isOutermost: true);
        string suffixes = parser.ParseSuffixes();
        bool isPiece = suffixes.Contains("[clone .cold") || suffixes.Contains("[clone .part.");
        plain = CppPrinter.Print(WithoutType(node), name) + (isPiece ? suffixes : "");
        return CppPrinter.Print(node, name) + suffixes;
    }

    private char Peek(int ahead = 0) => _at + ahead < _name.Length ? _name[_at + ahead] : '\0';

    private bool Take(char letter)
    {
        bool found = Peek() == letter && letter != '\0';
        _at += found ? 1 : 0;
        return found;
    }

    private bool Take(string text)
    {
        bool found = string.CompareOrdinal(_name, _at, text, 0, text.Length) == 0;
        _at += found ? text.Length : 0;
        return found;
    }

    private void Expect(char letter) => Require(Take(letter));

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new BadNameException();
        }
    }

    private static CppNode Required(CppNode? node) => node ?? throw new BadNameException();

    private void Enter(int levels = 1)
    {
        _depth += levels;
        Require(_depth <= DeepestNesting);
        Spend(1);
        RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    private void Spend(int steps)
    {
        _steps += steps;
        Require(_steps <= _mostSteps);
    }

    private void Leave(int levels = 1) => _depth -= levels;

    private CppNode Add(CppNode node)
    {
        _substitutions.Add(node);
        return node;
    }

    private void Truncate(int count)
    {
        while (_substitutions.Count > count)
        {
            _parameters.Remove(_substitutions.Count - 1);
            _substitutions.RemoveAt(_substitutions.Count - 1);
        }
    }

    // What the compiler made of a function besides itself: `.constprop.0`, `.isra.0`, `.cold`, `.part.1`.
    private string ParseSuffixes()
    {
        StringBuilder text = new();
        while (_at < _name.Length)
        {
            int start = _at;
            Expect('.');
            Require(char.IsLetterOrDigit(Peek()) || Peek() == '_');
            bool isNumber = char.IsDigit(Peek());
            while (isNumber ? char.IsDigit(Peek()) : Peek() is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or '_')
            {
                _at++;
            }

            while (Peek() == '.' && char.IsDigit(Peek(1)))
            {
                _at++;
                while (char.IsDigit(Peek()))
                {
                    _at++;
                }
            }

            string suffix = _name.Substring(start, _at - start);
            text.Append(" [clone ").Append(suffix).Append(']');
            Require(text.Length <= Demangler.LongestText);
        }

        return text.ToString();
    }

    private CppNode ParseEncoding(bool isOutermost = false)
    {
        Enter();
        List<CppNode> outerArguments = _templateArguments;
        _templateArguments = [];
        CppNode result = Peek() is 'T' or 'G' ? ParseSpecialName() : ParseFunctionOrData();
        if (!isOutermost)
        {
            _templateArguments = outerArguments;
        }

        Leave();
        return result;
    }

    private bool AtEnd() => Peek() is '\0' or 'E' or '.' or '_';

    private CppNode ParseFunctionOrData()
    {
        NameFacts facts = new();
        int forward = _forward.Count;
        CppNode name = ParseName(facts);
        ResolveForward(forward);
        if (AtEnd())
        {
            return name;
        }

        CppNode? result = facts.EndsWithTemplateArguments && !facts.HasNoResult ? ParseType() : null;
        List<CppNode> parameters = ParseParameters();
        return new CppNode(CppKind.Encoding)
        {
            A = name,
            B = new CppNode(CppKind.Function) { A = result, Items = parameters, Number = facts.Qualifiers, Text = facts.Reference },
        };
    }

    private void ResolveForward(int from)
    {
        for (int i = from; i < _forward.Count; i++)
        {
            Require(_forward[i].Number < _templateArguments.Count);
            CppNode argument = _templateArguments[_forward[i].Number];

            // A parameter that stands for itself has no text.
            Require(argument != _forward[i]);
            _forward[i].A = argument;
        }

        _forward.RemoveRange(from, _forward.Count - from);
    }

    private List<CppNode> ParseParameters()
    {
        List<CppNode> parameters = [];
        if (Take('v'))
        {
            return parameters;
        }

        while (!AtEnd())
        {
            parameters.Add(ParseType());
        }

        Require(parameters.Count > 0);
        return parameters;
    }

    private CppNode ParseSpecialName()
    {
        if (Take('G'))
        {
            if (Take("TtV") || Take("Tt") || Take("Tn"))
            {
                bool safe = _name[_at - 1] == 't';
                return Prefixed(safe ? "transaction clone for " : "non-transaction clone for ", ParseEncoding());
            }

            if (Take('R'))
            {
                CppNode temporary = ParseName(null);
                int number = Peek() == '_' || char.IsLetterOrDigit(Peek()) ? ParseSequenceNumber() : 0;
                return Prefixed($"reference temporary #{number} for ", temporary);
            }

            return Take('V') ? Prefixed("guard variable for ", ParseName(null))
                : Take('A') ? Prefixed("hidden alias for ", ParseEncoding())
                : throw new BadNameException();
        }

        Expect('T');
        char kind = Peek();
        _at++;
        switch (kind)
        {
            case 'V':
                return Prefixed("vtable for ", ParseType());
            case 'T':
                return Prefixed("VTT for ", ParseType());
            case 'I':
                return Prefixed("typeinfo for ", ParseType());
            case 'S':
                return Prefixed("typeinfo name for ", ParseType());
            case 'F':
                return Prefixed("typeinfo fn for ", ParseType());
            case 'W':
                return Prefixed("TLS wrapper function for ", ParseName(null));
            case 'H':
                return Prefixed("TLS init function for ", ParseName(null));
            case 'A':
                return Prefixed("template parameter object for ", ParseTemplateArgument());
            case 'h':
                ParseOffset('h');
                return Prefixed("non-virtual thunk to ", ParseEncoding());
            case 'v':
                ParseOffset('v');
                return Prefixed("virtual thunk to ", ParseEncoding());
            case 'c':
                ParseOffset(Next());
                ParseOffset(Next());
                return Prefixed("covariant return thunk to ", ParseEncoding());
            case 'C':
                CppNode derived = ParseType();
                ParseInteger();
                Expect('_');
                return CppNode.Sequence(CppNode.Name("construction vtable for "), ParseType(), CppNode.Name("-in-"), derived);
            default:
                throw new BadNameException();
        }
    }

    private char Next()
    {
        char letter = Peek();
        _at++;
        return letter;
    }

    private static CppNode WithoutType(CppNode node) => node.Kind switch
    {
        CppKind.Encoding => node.A!,
        CppKind.Prefixed => Prefixed(node.Text, WithoutType(node.A!)),
        _ => node,
    };

    private static CppNode Prefixed(string text, CppNode node) => new(CppKind.Prefixed) { Text = text, A = node };

    private void ParseOffset(char kind)
    {
        Require(kind is 'h' or 'v');
        ParseInteger();
        Expect('_');
        if (kind == 'v')
        {
            ParseInteger();
            Expect('_');
        }
    }

    private void ParseInteger()
    {
        Take('n');
        Require(char.IsDigit(Peek()));
        while (char.IsDigit(Peek()))
        {
            _at++;
        }
    }

    private int ParseNumber()
    {
        Require(Peek() is >= '0' and <= '9');
        int number = 0;
        while (Peek() is >= '0' and <= '9')
        {
            Require(number < 100_000_000);
            number = (number * 10) + Next() - '0';
        }

        return number;
    }

    // "_" is 0, "0_" is 1, "Z_" is 36.
    private int ParseSequenceNumber()
    {
        if (Take('_'))
        {
            return 0;
        }

        int number = 0;
        while (!Take('_'))
        {
            char digit = Next();
            Require(digit is >= '0' and <= '9' or >= 'A' and <= 'Z' && number < 1_000_000);
            number = (number * 36) + (digit <= '9' ? digit - '0' : digit - 'A' + 10);
        }

        return number + 1;
    }

    // "_" is 0, "0_" is 1.
    private int ParseCounter()
    {
        if (Take('_'))
        {
            return 0;
        }

        int number = ParseNumber();
        Expect('_');
        return number + 1;
    }

    private CppNode ParseName(NameFacts? facts)
    {
        Enter();
        CppNode name;
        switch (Peek())
        {
            case 'N':
                name = ParseNestedName(facts);
                break;
            case 'Z':
                name = ParseLocalName(facts);
                break;
            default:
                bool isSubstitution = Peek() == 'S' && Peek(1) != 't';
                name = isSubstitution ? ParseSubstitution(false) : ParseUnscopedName(facts);
                if (Peek() == 'I')
                {
                    if (!isSubstitution)
                    {
                        Add(name);
                    }

                    name = ParseTemplate(name, facts);
                }
                else
                {
                    Require(!isSubstitution);
                }

                break;
        }

        Leave();
        return name;
    }

    private CppNode ParseTemplate(CppNode name, NameFacts? facts)
    {
        List<CppNode> arguments = ParseTemplateArguments(remember: facts is not null);
        if (facts is not null)
        {
            facts.EndsWithTemplateArguments = true;
        }

        return new CppNode(CppKind.Template) { A = name, Items = arguments };
    }

    private CppNode ParseUnscopedName(NameFacts? facts)
    {
        if (Take("St"))
        {
            return new CppNode(CppKind.Nested) { A = CppNode.Name("std"), B = ParseUnqualifiedName(null, facts) };
        }

        return ParseUnqualifiedName(null, facts);
    }

    private CppNode ParseNestedName(NameFacts? facts)
    {
        Expect('N');
        Take('H');
        int qualifiers = ParseQualifiers();
        string reference = Take('R') ? " &" : Take('O') ? " &&" : "";
        if (facts is not null)
        {
            facts.Qualifiers = qualifiers;
            facts.Reference = reference;
        }

        CppNode? name = null;
        bool lastWasAdded = false;
        while (!Take('E'))
        {
            lastWasAdded = true;
            Take('L');
            if (facts is not null && Peek() != 'I')
            {
                facts.EndsWithTemplateArguments = false;
            }

            if (name is null && Peek() == 'S' && Peek(1) != 't')
            {
                name = ParseSubstitution(true);
                lastWasAdded = false;
            }
            else if (name is null && Take("St"))
            {
                name = CppNode.Name("std");
                lastWasAdded = false;
            }
            else if (name is null && Peek() == 'T')
            {
                name = AddParameter();
            }
            else if (name is null && Peek() == 'D' && Peek(1) is 't' or 'T')
            {
                name = Add(ParseDecltype());
            }
            else if (Peek() == 'I')
            {
                Require(name is not null && name.Kind != CppKind.Template);
                name = Add(ParseTemplate(name!, facts));
            }
            else if (Take('M'))
            {
                // The initializer of a member, in which a lambda stands.
                Require(name is not null);
                lastWasAdded = false;
            }
            else
            {
                CppNode part = ParseUnqualifiedName(name, facts);
                name = Add(name is null ? part : new CppNode(CppKind.Nested) { A = name, B = part });
            }
        }

        // The whole name is added by whoever uses it as a type.
        if (lastWasAdded)
        {
            Truncate(_substitutions.Count - 1);
        }

        return Required(name);
    }

    private CppNode ParseLocalName(NameFacts? facts)
    {
        Expect('Z');
        CppNode function = ParseEncoding();
        Expect('E');
        CppNode inside;
        if (Take('s'))
        {
            ParseDiscriminator();
            inside = CppNode.Name("string literal");
        }
        else if (Take('d'))
        {
            int number = ParseCounter() + 1;
            inside = new CppNode(CppKind.Nested) { A = CppNode.Name("{default arg#" + number + "}"), B = ParseName(facts) };
        }
        else
        {
            inside = ParseName(facts);
            ParseDiscriminator();
        }

        return new CppNode(CppKind.Local) { A = function, B = inside };
    }

    private void ParseDiscriminator()
    {
        if (Peek() == '_' && Peek(1) is >= '0' and <= '9')
        {
            _at += 2;
        }
        else if (Peek() == '_' && Peek(1) == '_' && Peek(2) is >= '0' and <= '9')
        {
            _at += 2;
            ParseNumber();
            Expect('_');
        }
    }

    private CppNode ParseUnqualifiedName(CppNode? scope, NameFacts? facts)
    {
        Enter();
        Take('F');
        CppNode name;
        char first = Peek();
        if (first is >= '0' and <= '9')
        {
            name = ParseSourceName();
        }
        else if (first == 'L')
        {
            _at++;
            name = ParseSourceName();
            ParseDiscriminator();
        }
        else if (first == 'U')
        {
            name = ParseUnnamed();
        }
        else if (first == 'D' && Peek(1) == 'C')
        {
            name = ParseBindings();
        }
        else if (first is 'C' or 'D')
        {
            name = ParseStructor(scope, facts);
        }
        else
        {
            name = ParseOperatorName(facts);
        }

        while (Take('B'))
        {
            name = new CppNode(CppKind.Tagged) { A = name, Text = ParseSourceName().Text };
        }

        Leave();
        return name;
    }

    private CppNode ParseSourceName()
    {
        int length = ParseNumber();
        Require(length > 0 && length <= _name.Length - _at);
        Spend(length / 4);
        string text = _name.Substring(_at, length);
        _at += length;
        bool isAnonymous = text.Length >= 10 && text.StartsWith("_GLOBAL_", StringComparison.Ordinal) && text[8] is '.' or '_' or '$' && text[9] == 'N';
        return CppNode.Name(isAnonymous ? "(anonymous namespace)" : text);
    }

    private CppNode ParseStructor(CppNode? scope, NameFacts? facts)
    {
        Require(scope is not null);
        if (facts is not null)
        {
            facts.HasNoResult = true;
        }

        bool isDestructor = Next() == 'D';
        bool inherits = !isDestructor && Take('I');
        char variant = Next();
        Require(isDestructor ? variant is >= '0' and <= '5' : variant is >= '1' and <= '5');
        if (inherits)
        {
            ParseType();
        }

        return new CppNode(CppKind.Structor) { A = scope, Text = isDestructor ? "~" : "" };
    }

    // DC <names> E: what a structured binding declares.
    private CppNode ParseBindings()
    {
        _at += 2;
        List<CppNode> names = [];
        while (!Take('E'))
        {
            names.Add(ParseSourceName());
        }

        return CppNode.Sequence(CppNode.Name("["), new CppNode(CppKind.List) { Items = names }, CppNode.Name("]"));
    }

    private CppNode ParseUnnamed()
    {
        if (Take("Ut"))
        {
            return CppNode.Name("{unnamed type#" + (ParseCounter() + 1) + "}");
        }

        Require(Take("Ul"));
        _lambdas++;
        List<CppNode> parameters = Take("vE") ? [] : ParseTypesUntilEnd();

        _lambdas--;
        return new CppNode(CppKind.Lambda) { Items = parameters, Number = ParseCounter() + 1 };
    }

    private List<CppNode> ParseTypesUntilEnd()
    {
        List<CppNode> types = [];
        while (!Take('E'))
        {
            types.Add(ParseType());
        }

        Require(types.Count > 0);
        return types;
    }

    private CppNode ParseOperatorName(NameFacts? facts)
    {
        if (Take("cv"))
        {
            if (facts is not null)
            {
                facts.HasNoResult = true;
            }

            bool before = _mayBeForward;
            _mayBeForward = facts is not null;
            CppNode type = ParseType();
            _mayBeForward = before;
            return new CppNode(CppKind.Conversion) { A = type };
        }

        if (Take("li"))
        {
            return CppNode.Name("operator\"\" " + ParseSourceName().Text);
        }

        if (Peek() == 'v' && Peek(1) is >= '0' and <= '9')
        {
            _at += 2;
            return CppNode.Name("operator " + ParseSourceName().Text);
        }

        Require(_at + 2 <= _name.Length && CppOperators.TryFind(_name.Substring(_at, 2), out _, out _));
        CppOperators.TryFind(_name.Substring(_at, 2), out string text, out _);
        _at += 2;
        return CppNode.Name((text[0] is >= 'a' and <= 'z' ? "operator " : "operator") + text.TrimEnd());
    }
}
