using System;
using System.Collections.Generic;
using System.Globalization;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>The source of a linked program, by slots of its instructions.</summary>
internal sealed class SourceText
{
    private readonly LinkedProgram _program;
    private readonly List<int> _indexOfSlot = [];

    public SourceText(LinkedProgram program)
    {
        _program = program;
        for (int i = 0; i < program.Instructions.Length; i++)
        {
            for (int s = 0; s < program.Instructions[i].SlotCount; s++)
            {
                _indexOfSlot.Add(i);
            }
        }
    }

    /// <summary>The source line of a slot; null if the object does not say.</summary>
    public LineInfo? LineOf(int slot)
    {
        if (slot < 0 || slot >= _indexOfSlot.Count)
        {
            return null;
        }

        LineInfo? found = null;
        foreach (LineInfo line in _program.Lines)
        {
            if (line.Instruction > _indexOfSlot[slot])
            {
                break;
            }

            found = line;
        }

        return found;
    }

    /// <summary>A position, for example <c>Probe.cs(12,20)</c>; empty if the object does not say.</summary>
    public string PositionOf(int slot) => LineOf(slot) is { } line ? Write(line.File, line.Line, line.Column) : "";

    /// <summary>The function that holds a slot.</summary>
    public string FunctionOf(int slot)
    {
        string name = _program.Name;
        foreach (FunctionStart function in _program.Functions)
        {
            if (slot >= 0 && slot < _indexOfSlot.Count && function.Instruction <= _indexOfSlot[slot])
            {
                name = function.Name;
            }
        }

        return name;
    }

    /// <summary>The calls that a slot is in, innermost first: <c>Inner, inlined at Probe.cs(12,20)</c>.</summary>
    public IEnumerable<string> InlinedCallsOf(int slot)
    {
        for (int call = LineOf(slot)?.Inlined ?? -1; call >= 0;)
        {
            InlinedCall inlined = _program.InlinedCalls[call];
            yield return $"{inlined.Method}, inlined at {Write(inlined.File, inlined.Line, inlined.Column)}";
            call = inlined.Outer;
        }
    }

    /// <summary>The expression or statement of a slot on one line, at most 60 characters of it; empty if the object does not say.</summary>
    public string ExpressionOf(int slot)
    {
        if (LineOf(slot) is not { } line)
        {
            return "";
        }

        int start = Math.Clamp(line.Column - 1, 0, line.Text.Length);
        string text = line.Length > 0 ? line.Text.Substring(start, Math.Min(line.Length, line.Text.Length - start)) : line.Text;
        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd(';');
        return text.Length > 60 ? text[..57] + "..." : text;
    }

    /// <summary>The variable to which the line of a slot gives the value of its expression; empty if to none.</summary>
    public string VariableOf(int slot)
    {
        if (LineOf(slot) is not { Length: > 0 } line)
        {
            return "";
        }

        int start = Math.Clamp(line.Column - 1, 0, line.Text.Length);
        string expression = line.Text.Substring(start, Math.Min(line.Length, line.Text.Length - start));

        // The whole declarator, or what stands right of its sign, perhaps in parentheses or behind a conversion.
        int sign = AssignmentIn(expression);
        string before = sign >= 0 ? expression[..sign] : line.Text[..start];
        if (sign < 0)
        {
            before = before.TrimEnd();
            while (before.EndsWith(')') && before.LastIndexOf('(') is >= 0 and int open)
            {
                before = before[..open].TrimEnd();
            }

            if (!before.EndsWith('=') || AssignmentIn(before) != before.Length - 1)
            {
                return "";
            }

            before = before[..^1];
        }

        before = before.TrimEnd();
        int first = before.Length;
        while (first > 0 && (char.IsLetterOrDigit(before[first - 1]) || before[first - 1] == '_'))
        {
            first--;
        }

        return first < before.Length && !char.IsDigit(before[first]) && (first == 0 || before[first - 1] is ' ' or '\t' or '*') ? before[first..] : "";
    }

    internal static string Write(string file, int line, int column) => string.Create(CultureInfo.InvariantCulture, $"{file}({line},{column})");

    // The first sign of an assignment, not of a comparison.
    private static int AssignmentIn(string text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '=' && text[i - 1] is ' ' && (i + 1 == text.Length || text[i + 1] is not ('=' or '>')))
            {
                return i;
            }
        }

        return -1;
    }
}
