using System;
using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>One instruction on the way to the refusal.</summary>
/// <param name="Slot">Its slot.</param>
/// <param name="Frame">How deep in calls it is, from 0.</param>
/// <param name="Text">The instruction as the kernel writes it.</param>
internal sealed record VerifierStep(int Slot, int Frame, string Text)
{
    /// <summary>The registers before it, as written; empty if they are not.</summary>
    public string Before { get; set; } = "";

    /// <summary>The registers that it changed, as written; empty if they are not.</summary>
    public string After { get; set; } = "";
}

/// <summary>
/// The instructions that the verifier followed from the start of the program to where it stopped. The log holds all paths, one after the
/// other: each new one begins at the branch that was met last and not yet followed, so that what is behind that branch is taken back.
/// </summary>
internal sealed class VerifierPath
{
    // Calls are at most 8 deep; what claims more is no path.
    private const int DeepestFrame = 63;

    private readonly List<VerifierStep> _steps = [];

    // The last step at each slot, and the last branch to each; the steps know those before them.
    private readonly Dictionary<int, int> _lastAt = [];
    private readonly Dictionary<int, int> _lastTo = [];
    private readonly List<(int Target, int BeforeAt, int BeforeTo)> _links = [];
    private string _pending = "";
    private int _frame;
    private bool _hasEnded;

    /// <summary>The instructions, the last one being that at which the verifier stopped.</summary>
    public IReadOnlyList<VerifierStep> Steps => _steps;

    /// <summary>Takes a line of the log.</summary>
    /// <returns>False if the line is none of a path.</returns>
    public bool Add(string line)
    {
        if (line.StartsWith("from ", StringComparison.Ordinal))
        {
            return Branch(line);
        }

        if (line[0] == 'R' && IsRegisters(line))
        {
            SetBefore(line);
            return true;
        }

        if (line is "safe" or "from start" || line.EndsWith(": safe", StringComparison.Ordinal))
        {
            _hasEnded = true;
            return true;
        }

        int colon = line.IndexOf(':');
        if (colon <= 0 || !int.TryParse(line.AsSpan(0, colon), out int slot))
        {
            return false;
        }

        ReadOnlySpan<char> rest = line.AsSpan(colon + 1).Trim();
        if (rest.Length > 3 && rest[0] == '(' && rest[3] == ')')
        {
            AddInstruction(slot, rest);
            return true;
        }

        if (IsRegisters(rest) || rest.StartsWith("frame"))
        {
            Enter(slot);
            _pending = rest.ToString();
            _frame = FrameOf(rest) ?? 0;
            return true;
        }

        return false;
    }

    /// <summary>The registers of a list as written, for example <c>frame1: R0=5 fp-8=mmmm????</c>; null if the one asked for is not there.</summary>
    public static RegisterState? Find(string registers, int register)
    {
        ReadOnlySpan<char> rest = registers;
        while (!rest.IsEmpty)
        {
            rest = rest.TrimStart();
            int end = EndOfRegister(rest);
            ReadOnlySpan<char> one = rest[..end];
            rest = rest[end..];
            int equals = one.IndexOf('=');
            if (one.Length > 2 && one[0] == 'R' && equals > 1)
            {
                ReadOnlySpan<char> name = one[1..equals];
                int mark = name.IndexOf('_');
                name = mark < 0 ? name : name[..mark];
                if (int.TryParse(name, out int number) && number == register)
                {
                    return RegisterState.Parse(one[(equals + 1)..]);
                }
            }
        }

        return null;
    }

    /// <summary>The depth of calls that a list of registers is of; null if it does not say, which means 0.</summary>
    public static int? FrameOf(ReadOnlySpan<char> registers)
    {
        if (!registers.StartsWith("frame"))
        {
            return null;
        }

        int colon = registers.IndexOf(':');
        return colon > 5 && int.TryParse(registers[5..colon], out int frame) && frame is >= 0 and <= DeepestFrame ? frame : null;
    }

    /// <summary>True for a list of registers: <c>R1=...</c> or <c>R1_rw=...</c>, not <c>R1 type=...</c>.</summary>
    public static bool IsRegisters(ReadOnlySpan<char> text) =>
        text.Length > 2 && text[0] == 'R' && char.IsAsciiDigit(text[1]) && text.IndexOf('=') is > 1 and < 8 and int equals && !text[..equals].Contains(' ');

    private static int EndOfRegister(ReadOnlySpan<char> text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (text[i] == ' ' && depth <= 0)
            {
                return i;
            }
        }

        return text.Length;
    }

    // "from 8 to 11: R0=..." or "from 8 to 11 (speculative execution): ...".
    private bool Branch(string line)
    {
        string[] words = line.Split(' ', 5);
        if (words.Length < 4 || words[2] != "to" || !int.TryParse(words[1], out int source) || !int.TryParse(words[3].TrimEnd(':'), out int target))
        {
            return false;
        }

        int at = _lastAt.GetValueOrDefault(source, -1);
        if (at >= 0)
        {
            TakeBack(at + 1);
        }

        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        _pending = colon < 0 ? "" : line[(colon + 2)..].Trim();
        _frame = FrameOf(_pending) ?? (at >= 0 && _pending.Length == 0 ? _steps[at].Frame : 0);
        _hasEnded = false;
        _ = target;
        return true;
    }

    // With all states asked for, kernels before 5.17 begin another path without saying from where: it is the last branch that goes there.
    private void Enter(int slot)
    {
        if (_steps.Count == 0 || (!_hasEnded && !_steps[^1].Text.Contains(") exit", StringComparison.Ordinal)))
        {
            return;
        }

        int at = _lastTo.GetValueOrDefault(slot, -1);
        if (at >= 0 && (_frame == 0 || _hasEnded))
        {
            TakeBack(at + 1);
            _frame = _steps[at].Frame;
        }

        _hasEnded = false;
    }

    private static int TargetOf(VerifierStep step)
    {
        int at = step.Text.IndexOf(" goto pc", StringComparison.Ordinal);
        if (at < 0 || !step.Text.Contains(" if ", StringComparison.Ordinal))
        {
            return -1;
        }

        ReadOnlySpan<char> distance = step.Text.AsSpan(at + 8);
        int end = distance.Length > 1 ? distance[1..].IndexOfAnyExceptInRange('0', '9') : -1;
        return int.TryParse(end < 0 ? distance : distance[..(end + 1)], out int slots) ? step.Slot + 1 + slots : -1;
    }

    private void AddInstruction(int slot, ReadOnlySpan<char> rest)
    {
        // "(bf) r6 = r1      ; R6=ctx()", or for a jump "(55) if r1 != 0x0 goto pc+2 11: R0=...", where the state is of what follows.
        string after = "";
        string next = "";
        int semicolon = rest.IndexOf(';');
        if (semicolon >= 0)
        {
            after = rest[(semicolon + 1)..].Trim().ToString();
            rest = rest[..semicolon];
        }
        else if (rest.IndexOf(": ") is > 0 and int colon)
        {
            int space = rest[..colon].LastIndexOf(' ');
            if (space > 0 && int.TryParse(rest[(space + 1)..colon], out _))
            {
                next = rest[(colon + 2)..].Trim().ToString();
                rest = rest[..space];
            }
        }

        if (_pending.Length == 0 && _steps.Count > 0)
        {
            _frame = NextFrame(_steps[^1], slot);
        }

        string text = rest.Trim().ToString();
        int frame = FrameOf(after) ?? _frame;
        Append(new VerifierStep(slot, frame, text) { Before = _pending, After = after });
        _frame = frame;
        _pending = next;
        _hasEnded = false;
        if (next.Length > 0)
        {
            _frame = FrameOf(next) ?? 0;
        }
    }

    private static int NextFrame(VerifierStep last, int slot) =>
        last.Text.Contains(") exit", StringComparison.Ordinal) ? Math.Max(0, last.Frame - 1)
        : last.Text.Contains(" call ", StringComparison.Ordinal) && slot != last.Slot + 1 ? Math.Min(last.Frame + 1, DeepestFrame)
        : last.Frame;

    private void Append(VerifierStep step)
    {
        int target = TargetOf(step);
        _links.Add((target, _lastAt.GetValueOrDefault(step.Slot, -1), target < 0 ? -1 : _lastTo.GetValueOrDefault(target, -1)));
        _lastAt[step.Slot] = _steps.Count;
        if (target >= 0)
        {
            _lastTo[target] = _steps.Count;
        }

        _steps.Add(step);
    }

    private void TakeBack(int count)
    {
        for (int i = _steps.Count - 1; i >= count; i--)
        {
            (int target, int beforeAt, int beforeTo) = _links[i];
            _lastAt[_steps[i].Slot] = beforeAt;
            if (target >= 0)
            {
                _lastTo[target] = beforeTo;
            }
        }

        _steps.RemoveRange(count, _steps.Count - count);
        _links.RemoveRange(count, _links.Count - count);
    }

    // Without a number: the registers at the instruction that was written last, as kernels write them before a complaint.
    private void SetBefore(string registers)
    {
        if (_steps.Count > 0 && _steps[^1].Before.Length == 0)
        {
            _steps[^1].Before = registers;
        }
    }
}
