using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fathom.Format.Names;

/// <summary>
/// Writes a C++ name. A type is written in two halves around what is declared with it, as in <c>void (*f)(int)</c>. Parts are shared, so
/// that a short name can mean a text of exponential length: text, depth and steps are bounded.
/// </summary>
internal sealed class CppPrinter
{
    public const int Const = 1;
    public const int Volatile = 2;
    public const int Restrict = 4;

    private const int DeepestNesting = 512;

    private readonly StringBuilder _text = new();
    private readonly int _mostSteps;
    private readonly int _mostText;
    private int _depth;
    private int _steps;

    // While an expansion is written: which item of the packs in it, and how many they have; -1 until a pack is found.
    private int _packItem = -1;
    private int _packSize = -1;

    private CppPrinter(string name)
    {
        _mostSteps = Demangler.StepsOfWriting(name);
        _mostText = Demangler.TextOf(name);
    }

    /// <summary>The text of what was read.</summary>
    /// <param name="node">What was read.</param>
    /// <param name="name">The mangled name, whose length bounds the work.</param>
    public static string Print(CppNode node, string name)
    {
        CppPrinter printer = new(name);
        printer.Write(node);
        return printer._text.ToString();
    }

    private void Write(CppNode? node)
    {
        WriteLeft(node);
        WriteRight(node);
    }

    private void Write(string text)
    {
        _text.Append(text);
        Check(_text.Length > _mostText);
    }

    private static void Check(bool isBad)
    {
        if (isBad)
        {
            throw new BadNameException();
        }
    }

    private void Enter()
    {
        Check(++_depth > DeepestNesting);
        Spend();
        RuntimeHelpers.EnsureSufficientExecutionStack();
    }

    private void Spend() => Check(++_steps > _mostSteps);

    private void WriteLeft(CppNode? node)
    {
        if (node is null)
        {
            return;
        }

        Enter();
        switch (node.Kind)
        {
            case CppKind.Name:
                Write(node.Text);
                break;
            case CppKind.Nested:
                Write(node.A);
                Write("::");
                Write(node.B);
                break;
            case CppKind.Template:
                Write(node.A);
                Write(Ends('<') ? " <" : "<");
                WriteList(node.Items);
                Write(Ends('>') ? " >" : ">");
                break;
            case CppKind.Structor:
                Write(node.Text);
                WriteBaseName(node.A);
                break;
            case CppKind.Conversion:
                Write("operator ");
                Write(node.A);
                break;
            case CppKind.Prefixed:
                Write(node.Text);
                Write(node.A);
                break;
            case CppKind.Encoding:
                WriteFunction(node.A, node.B!, withResult: true);
                break;
            case CppKind.Local:
                WriteScope(node.A!);
                Write("::");
                Write(node.B);
                break;
            case CppKind.Qualified:
                WriteLeft(node.A);

                // An argument may have the qualifiers already that its template adds.
                WriteQualifiers(Resolve(node.A!) is { Kind: CppKind.Qualified } inner ? node.Number & ~inner.Number : node.Number);
                break;
            case CppKind.Pointer:
                WritePointerLeft(node);
                break;
            case CppKind.Postfixed:
                Write(node.A);
                Write(node.Text);
                break;
            case CppKind.Function:
                WriteResultLeft(node.A);
                break;
            case CppKind.Array:
                WriteLeft(node.A);
                break;
            case CppKind.MemberPointer:
                WriteLeft(node.B);
                Write(IsFunction(node.B) ? "(" : IsArray(node.B) ? " (" : " ");
                Write(node.A);
                Write("::*");
                break;
            case CppKind.Pack:
                WritePack(node);
                break;
            case CppKind.Expansion:
                WriteExpansion(node.A!);
                break;
            case CppKind.PackSize:
                WritePackSize(node.A!);
                break;
            case CppKind.Sequence:
                foreach (CppNode item in node.Items)
                {
                    Write(item);
                }

                break;
            case CppKind.List:
                WriteList(node.Items);
                break;
            case CppKind.Operand:
                WriteOperand(node.A!);
                break;
            case CppKind.Forward:
                WriteLeft(node.A);
                break;
            case CppKind.Lambda:
                Write("{lambda(");
                WriteList(node.Items);
                Write(")#" + node.Number + "}");
                break;
            case CppKind.Tagged:
                Write(node.A);
                Write("[abi:" + node.Text + "]");
                break;
        }

        _depth--;
    }

    private void WriteRight(CppNode? node)
    {
        if (node is null)
        {
            return;
        }

        Enter();
        switch (node.Kind)
        {
            case CppKind.Qualified:
            case CppKind.Forward:
                WriteRight(node.A);
                break;
            case CppKind.Pointer:
                CppNode target = Target(node, out _);
                if (IsFunction(target) || IsArray(target))
                {
                    Write(")");
                }

                WriteRight(target);
                break;
            case CppKind.MemberPointer:
                if (IsFunction(node.B) || IsArray(node.B))
                {
                    Write(")");
                }

                WriteRight(node.B);
                break;
            case CppKind.Function:
                WriteParameters(node);
                WriteRight(node.A);
                break;
            case CppKind.Array:
                Write(Ends(']') ? "[" : " [");
                Write(node.B);
                Write("]");
                WriteRight(node.A);
                break;
            case CppKind.Pack when Item(node) is { } item:
                WriteRight(item);
                break;
        }

        _depth--;
    }

    private bool Ends(char letter) => _text.Length > 0 && _text[_text.Length - 1] == letter;

    private void WriteQualifiers(int qualifiers)
    {
        Write((qualifiers & Const) != 0 ? " const" : "");
        Write((qualifiers & Volatile) != 0 ? " volatile" : "");
        Write((qualifiers & Restrict) != 0 ? " restrict" : "");
    }

    private void WriteFunction(CppNode? name, CppNode type, bool withResult)
    {
        CppNode? result = withResult ? type.A : null;
        if (result is not null)
        {
            WriteResultLeft(result);
        }

        Write(name);
        WriteParameters(type);
        WriteRight(result);
    }

    private void WriteResultLeft(CppNode? result)
    {
        if (result is not null)
        {
            WriteLeft(result);
            Write(HasRight(result) && !Ends(' ') && !IsFunction(result) && (Ends('*') || Ends('&') || Ends('(')) ? "" : " ");
        }
    }

    // Where something lies inside of a function, the function's result is not written.
    private void WriteScope(CppNode function)
    {
        if (function.Kind == CppKind.Encoding)
        {
            WriteFunction(function.A, function.B!, withResult: false);
        }
        else
        {
            Write(function);
        }
    }

    private void WriteParameters(CppNode function)
    {
        // What is declared with parameters is inside of an expansion only by chance.
        Write("(");
        WriteList(function.Items);
        Write(")");
        WriteQualifiers(function.Number);
        Write(function.Text);
        if (function.B is not null)
        {
            Write(function.B);
        }
    }

    private void WriteList(List<CppNode> items)
    {
        bool first = true;
        foreach (CppNode item in items)
        {
            int before = _text.Length;
            Write(first ? "" : ", ");
            int start = _text.Length;
            Write(item);

            // An empty pack takes its comma with it.
            if (_text.Length == start)
            {
                _text.Length = before;
            }
            else
            {
                first = false;
            }
        }
    }

    private void WritePointerLeft(CppNode node)
    {
        CppNode target = Target(node, out string text);
        WriteLeft(target);
        Write(IsFunction(target) ? "(" : IsArray(target) ? " (" : "");
        Write(text);
    }

    // A reference to a reference is one: && only if both are.
    private CppNode Target(CppNode node, out string text)
    {
        text = node.Text;
        CppNode target = Resolve(node.A!);
        int steps = 0;
        while (text[0] == '&' && target.Kind == CppKind.Pointer && target.Text[0] == '&')
        {
            Check(++steps > DeepestNesting);
            Spend();
            text = text.Length < target.Text.Length ? text : target.Text;
            target = Resolve(target.A!);
        }

        return target;
    }

    // The node that a parameter stands for at this moment.
    private CppNode Resolve(CppNode node)
    {
        for (int steps = 0; steps < DeepestNesting; steps++)
        {
            CppNode? next = node.Kind switch
            {
                CppKind.Forward => node.A,
                CppKind.Pack => Item(node),
                _ => null,
            };
            if (next is null)
            {
                break;
            }

            Spend();
            node = next;
        }

        return node;
    }

    private bool IsFunction(CppNode? node) => node is not null && Resolve(node).Kind == CppKind.Function;

    private bool IsArray(CppNode? node) =>
        node is not null && Resolve(node) is var type && (type.Kind == CppKind.Array || (type.Kind == CppKind.Qualified && IsArrayBelow(type)));

    private bool IsArrayBelow(CppNode node) => Resolve(node.A!).Kind == CppKind.Array;

    private bool HasRight(CppNode? node)
    {
        for (int steps = 0; node is not null && steps < DeepestNesting; steps++)
        {
            Spend();
            node = Resolve(node);
            if (node.Kind is CppKind.Function or CppKind.Array)
            {
                return true;
            }

            node = node.Kind switch { CppKind.Pointer or CppKind.Qualified => node.A, CppKind.MemberPointer => node.B, _ => null };
        }

        return false;
    }

    private CppNode? Item(CppNode pack)
    {
        if (_packItem < 0)
        {
            return null;
        }

        if (_packSize < 0)
        {
            _packSize = pack.Items.Count;
        }

        return _packItem < pack.Items.Count ? pack.Items[_packItem] : null;
    }

    private void WritePack(CppNode pack)
    {
        if (_packItem < 0)
        {
            WriteList(pack.Items);
        }
        else
        {
            WriteLeft(Item(pack));
        }
    }

    private void WriteExpansion(CppNode pattern)
    {
        (int item, int size) = (_packItem, _packSize);
        (_packItem, _packSize) = (0, -1);
        int start = _text.Length;
        Write(pattern);
        if (_packSize < 0)
        {
            Write("...");
        }
        else if (_packSize == 0)
        {
            _text.Length = start;
        }

        for (int i = 1; i < _packSize; i++)
        {
            _packItem = i;
            Write(", ");
            Write(pattern);
        }

        (_packItem, _packSize) = (item, size);
    }

    private void WritePackSize(CppNode pack)
    {
        int count = 0;
        CppNode node = pack;
        while (node.Kind == CppKind.Forward && node.A is not null)
        {
            Spend();
            node = node.A;
        }

        if (node.Kind == CppKind.Pack)
        {
            count = node.Items.Count;
            Write(count.ToString());
        }
        else
        {
            Write("sizeof...(");
            Write(pack);
            Write(")");
        }
    }

    private void WriteOperand(CppNode node)
    {
        bool simple = node.Kind is CppKind.Name or CppKind.Nested or CppKind.List;
        Write(simple ? "" : "(");
        Write(node);
        Write(simple ? "" : ")");
    }

    private void WriteBaseName(CppNode? node)
    {
        for (int steps = 0; node is not null && steps < DeepestNesting; steps++)
        {
            if (node.Kind == CppKind.Name)
            {
                Write(node.Base.Length > 0 ? node.Base : node.Text);
                return;
            }

            if (node.Kind == CppKind.Lambda)
            {
                Write(node);
                return;
            }

            node = node.Kind is CppKind.Nested or CppKind.Local ? node.B : node.A;
        }

        throw new BadNameException();
    }
}
