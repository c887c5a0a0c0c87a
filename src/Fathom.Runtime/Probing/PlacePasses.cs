using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>Tells which of the first instructions of a function each call passes exactly once.</summary>
internal sealed class PlacePasses
{
    private readonly FunctionCode _code;
    private readonly ulong[] _prologue;
    private readonly Dictionary<ulong, int> _indices = [];
    private readonly List<(ulong From, int To)> _entries = [];
    private readonly int _tableEntry = int.MaxValue;

    /// <summary>Looks through a function.</summary>
    /// <param name="code">The function.</param>
    /// <param name="prologue">Its first instructions, which follow each other whatever the conditional jumps among them do.</param>
    public PlacePasses(FunctionCode code, ulong[] prologue)
    {
        _code = code;
        _prologue = prologue;
        for (int i = 0; i < prologue.Length; i++)
        {
            _indices.Add(prologue[i], i);
            _tableEntry = _tableEntry == int.MaxValue && code.TableTargets.Contains(prologue[i]) ? i : _tableEntry;
        }

        foreach ((ulong address, FlowStep step) in code.Steps)
        {
            if (step.Target != 0 && _indices.TryGetValue(step.Target, out int index))
            {
                _entries.Add((address, index));
            }

            // Also what only runs into one, having jumped into the middle of the one before.
            if (NextOf(address, step) is { } next && _indices.TryGetValue(next, out index) && index > 0 && prologue[index - 1] != address)
            {
                _entries.Add((address, index));
            }
        }
    }

    /// <summary>
    /// Whether each call passes an instruction once: nothing jumps to it or to one before it, but for ways that leave before it and do nothing but
    /// begin again, as Go's functions do where they make their stack larger.
    /// </summary>
    /// <param name="index">Which of the first instructions.</param>
    public bool IsOnce(int index)
    {
        if (_tableEntry <= index)
        {
            return false;
        }

        HashSet<ulong> restarts = [];
        for (int i = 0; i < index; i++)
        {
            FlowStep step = _code.Steps[_prologue[i]];
            bool isAhead = step.Kind == FlowKind.Branch && _indices.TryGetValue(step.Target, out int to) && to > i && to <= index;
            if (step.Kind == FlowKind.Branch && !isAhead && !OnlyRestarts(step.Target, restarts))
            {
                return false;
            }
        }

        foreach ((ulong from, int to) in _entries)
        {
            bool isBefore = _indices.TryGetValue(from, out int source) && source < index;
            bool isAllowed = isBefore ? source < to || to == 0 : to == 0 && restarts.Contains(from);
            if (to <= index && !isAllowed)
            {
                return false;
            }
        }

        return restarts.Count == 0 || !IsEnteredLater(restarts, index);
    }

    // What the place leads to may not begin again too: the place would be passed a second time.
    private bool IsEnteredLater(HashSet<ulong> restarts, int index)
    {
        foreach ((ulong address, FlowStep step) in _code.Steps)
        {
            bool isBefore = restarts.Contains(address) || (_indices.TryGetValue(address, out int own) && own < index);
            if (!isBefore && ((step.Target != 0 && restarts.Contains(step.Target)) || (NextOf(address, step) is { } next && restarts.Contains(next))))
            {
                return true;
            }
        }

        return restarts.Overlaps(_code.TableTargets);
    }

    private static ulong? NextOf(ulong address, FlowStep step) => step.Kind is FlowKind.Next or FlowKind.Branch ? address + (ulong)step.Length : null;

    // All ways from here lead to the first instruction, and to none of the others that follow it.
    private bool OnlyRestarts(ulong start, HashSet<ulong> seen)
    {
        var waiting = new Stack<ulong>();
        waiting.Push(start);
        while (waiting.TryPop(out ulong address))
        {
            if (address == _code.Entry || !seen.Add(address))
            {
                continue;
            }

            if (_indices.ContainsKey(address) || !_code.Steps.TryGetValue(address, out FlowStep step) || step.Kind is FlowKind.End or FlowKind.Indirect)
            {
                return false;
            }

            if (step.Kind != FlowKind.Next)
            {
                waiting.Push(step.Target);
            }

            if (NextOf(address, step) is { } next)
            {
                waiting.Push(next);
            }
        }

        return true;
    }
}
