using System;
using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>
/// What the verifier (or the check of BTF) said, and the one line of it that says why it refused. Two forms are read: that of kernels up to
/// 7.2, where the reason is the last line before the statistics, and the one since 7.3, which gives it under <c>Reason:</c>.
/// </summary>
internal sealed class VerifierLog
{
    // A kernel says a few lines behind the last instruction, and those of a refusal last.
    private const int MostComplaints = 200;

    private VerifierLog(string text, string decisiveLine, int instruction, int omittedLines, IReadOnlyList<VerifierStep> path, IReadOnlyList<string> complaints)
    {
        Path = path;
        Complaints = complaints;
        Text = text;
        DecisiveLine = decisiveLine;
        Instruction = instruction;
        OmittedLines = omittedLines;
    }

    /// <summary>All of it.</summary>
    public string Text { get; }

    /// <summary>The line that says why; empty if there is none.</summary>
    public string DecisiveLine { get; }

    /// <summary>The slot of the instruction at which it stopped, -1 if it does not say.</summary>
    public int Instruction { get; }

    /// <summary>Lines besides the decisive one.</summary>
    public int OmittedLines { get; }

    /// <summary>The instructions from the start of the program to where the verifier stopped.</summary>
    public IReadOnlyList<VerifierStep> Path { get; }

    /// <summary>What it said after the last instruction, the decisive line among it.</summary>
    public IReadOnlyList<string> Complaints { get; }

    /// <summary>Reads a log. Never throws.</summary>
    public static VerifierLog Parse(string text)
    {
        var lines = new List<string>();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> trimmed = line.Trim("\0 \t\r");
            if (!trimmed.IsEmpty)
            {
                lines.Add(trimmed.ToString());
            }
        }

        int decisive = FindReason(lines);
        string decisiveText = decisive < 0 ? "" : ReasonFrom(lines, decisive);
        if (decisive < 0)
        {
            decisive = FindLastStatement(lines);
            decisiveText = decisive < 0 ? "" : lines[decisive];
        }

        string subject = decisive < 0 ? "" : FindSubject(lines, decisive);
        int shown = subject.Length == 0 ? 1 : 2;
        (VerifierPath path, List<string> complaints) = Follow(lines);
        int instruction = FindInstruction(lines, decisive);
        return new VerifierLog(text, subject + decisiveText, instruction, Math.Max(0, lines.Count - shown), path.Steps, complaints);
    }

    private static (VerifierPath Path, List<string> Complaints) Follow(List<string> lines)
    {
        var path = new VerifierPath();
        var complaints = new List<string>();
        foreach (string line in lines)
        {
            // Since 7.3 the rest is prose about what was said before.
            if (line.StartsWith("Verification failed:", StringComparison.Ordinal))
            {
                break;
            }

            if (path.Add(line))
            {
                complaints.Clear();
            }
            else if (!IsTrace(line) && !IsStatistic(line))
            {
                complaints.Add(line);
                if (complaints.Count == 2 * MostComplaints)
                {
                    complaints.RemoveRange(0, MostComplaints);
                }
            }
        }

        return (path, complaints);
    }

    private static int FindReason(List<string> lines)
    {
        int verdict = lines.FindLastIndex(line => line.StartsWith("Verification failed:", StringComparison.Ordinal));
        int reason = verdict < 0 ? -1 : lines.IndexOf("Reason:", verdict);
        return reason >= 0 && reason + 1 < lines.Count ? reason + 1 : verdict;
    }

    // Since 7.3 the reason is a paragraph of several lines.
    private static string ReasonFrom(List<string> lines, int start)
    {
        int end = start + 1;
        if (start > 0 && lines[start - 1] == "Reason:")
        {
            while (end < lines.Count && !lines[end].EndsWith(':') && !IsStatistic(lines[end]))
            {
                end++;
            }
        }

        return string.Join(' ', lines.GetRange(start, end - start));
    }

    private static int FindLastStatement(List<string> lines)
    {
        for (int i = lines.Count - 1; i >= 0; i--)
        {
            if (!IsStatistic(lines[i]) && !IsTrace(lines[i]))
            {
                return i;
            }
        }

        return -1;
    }

    // A complaint about a member of a type does not name the type; the line above it does, as in "[52] STRUCT task_struct size=7744".
    private static string FindSubject(List<string> lines, int index)
    {
        string line = lines[index];
        bool isMember = line.Contains(" type_id=", StringComparison.Ordinal) && line[0] != '[';
        for (int i = index - 1; isMember && i >= 0; i--)
        {
            if (lines[i][0] == '[')
            {
                return lines[i] + ": ";
            }
        }

        return "";
    }

    // Behind the reason: how much work it was.
    private static bool IsStatistic(string line) =>
        line.StartsWith("processed ", StringComparison.Ordinal)
        || line.StartsWith("verification time ", StringComparison.Ordinal)
        || line.StartsWith("stack depth ", StringComparison.Ordinal)
        || line.StartsWith("insns processed ", StringComparison.Ordinal)
        || line.StartsWith("max_states_per_insn ", StringComparison.Ordinal);

    // On the way to the reason: instructions, states of registers, source lines, jumps between paths.
    private static bool IsTrace(string line)
    {
        if (line[0] == ';' || line.StartsWith("from ", StringComparison.Ordinal) || line.StartsWith("mark_precise:", StringComparison.Ordinal)
            || line.StartsWith("last_idx ", StringComparison.Ordinal) || line.StartsWith("regs=", StringComparison.Ordinal)
            || line.StartsWith("parent ", StringComparison.Ordinal) || line.StartsWith("propagating ", StringComparison.Ordinal)
            || line.StartsWith("cur state:", StringComparison.Ordinal) || line.StartsWith("old state:", StringComparison.Ordinal)
            || line.StartsWith("returning from callee", StringComparison.Ordinal) || line.StartsWith("to caller at ", StringComparison.Ordinal)
            || line.StartsWith("Live regs before insn", StringComparison.Ordinal) || line == "safe"
            || VerifierPath.IsRegisters(line)
            || line.StartsWith("func#", StringComparison.Ordinal) || line.StartsWith("caller:", StringComparison.Ordinal)
            || line.StartsWith("callee:", StringComparison.Ordinal) || line.StartsWith("frame", StringComparison.Ordinal))
        {
            return true;
        }

        return SlotOf(line) >= 0;
    }

    private static int FindInstruction(List<string> lines, int decisive)
    {
        int start = decisive < 0 ? lines.Count - 1 : decisive;
        for (int i = start; i < lines.Count && decisive >= 0; i++)
        {
            // The form since 7.3 says it behind the reason: "At:" and then "insn 12".
            if (lines[i].StartsWith("insn ", StringComparison.Ordinal) && int.TryParse(FirstNumber(lines[i].AsSpan(5)), out int at))
            {
                return at;
            }
        }

        for (int i = start; i >= 0; i--)
        {
            int slot = SlotOf(lines[i]);
            if (slot >= 0 && lines[i].Contains(": (", StringComparison.Ordinal))
            {
                return slot;
            }
        }

        return -1;
    }

    private static ReadOnlySpan<char> FirstNumber(ReadOnlySpan<char> text)
    {
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text : text[..end];
    }

    // "12: (85) call ..." or "12: R1=ctx() ...".
    private static int SlotOf(string line)
    {
        ReadOnlySpan<char> number = FirstNumber(line);
        return number.Length > 0 && number.Length < line.Length && line[number.Length] == ':' && int.TryParse(number, out int slot) ? slot : -1;
    }
}
