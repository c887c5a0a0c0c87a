using System;
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

            // Also what only runs into one, having jumped into the middle of the one before, or to what lies before the beginning.
            if (NextOf(address, step) is { } next && _indices.TryGetValue(next, out index) && (index == 0 || prologue[index - 1] != address))
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
            if (step.Kind == FlowKind.Branch && !isAhead && !OnlyRestarts(step.Target, index, restarts))
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

    // What the place leads to may not begin again too: the place would be passed a second time. Only what looks so is a way that arrives with another
    // stack: what follows a call that never comes back, as of a panic, is often this.
    private bool IsEnteredLater(HashSet<ulong> restarts, int index)
    {
        Dictionary<ulong, int?> before = Heights(_code.Entry, address => restarts.Contains(address) || (_indices.TryGetValue(address, out int own) && own < index), out int? atPlace);
        Dictionary<ulong, int?> behind = Heights(_prologue[index], address => !restarts.Contains(address), out _, atPlace);
        foreach ((ulong address, FlowStep step) in _code.Steps)
        {
            if (before.ContainsKey(address))
            {
                continue;
            }

            int? height = behind.GetValueOrDefault(address) + step.StackChange;
            foreach (ulong target in SuccessorsOf(address, step))
            {
                if (restarts.Contains(target) && (height is null || before.GetValueOrDefault(target) is not { } wanted || wanted == height))
                {
                    return true;
                }
            }
        }

        return restarts.Overlaps(_code.TableTargets);
    }

    // How far the stack pointer is from where it was at the beginning, before each instruction of a part of the function.
    private Dictionary<ulong, int?> Heights(ulong start, Predicate<ulong> isPart, out int? outside, int? height = 0)
    {
        var heights = new Dictionary<ulong, int?>();
        var waiting = new Stack<(ulong Address, int? Height)>([(start, height)]);
        outside = null;
        while (waiting.TryPop(out (ulong Address, int? Height) at))
        {
            if (!isPart(at.Address))
            {
                outside = at.Height;
            }
            else if (_code.Steps.TryGetValue(at.Address, out FlowStep step) && heights.TryAdd(at.Address, at.Height))
            {
                foreach (ulong target in SuccessorsOf(at.Address, step))
                {
                    waiting.Push((target, at.Height + step.StackChange));
                }
            }
        }

        return heights;
    }

    private static IEnumerable<ulong> SuccessorsOf(ulong address, FlowStep step)
    {
        if (step.Target != 0)
        {
            yield return step.Target;
        }

        if (NextOf(address, step) is { } next)
        {
            yield return next;
        }
    }

    private static ulong? NextOf(ulong address, FlowStep step) => step.Kind is FlowKind.Next or FlowKind.Call or FlowKind.Branch ? address + (ulong)step.Length : null;

    // All ways from here lead to the first instruction, and to none of the others up to the place.
    private bool OnlyRestarts(ulong start, int index, HashSet<ulong> seen)
    {
        var waiting = new Stack<ulong>();
        waiting.Push(start);
        while (waiting.TryPop(out ulong address))
        {
            if (address == _code.Entry || !seen.Add(address))
            {
                continue;
            }

            if ((_indices.TryGetValue(address, out int own) && own <= index) || !_code.Steps.TryGetValue(address, out FlowStep step) || step.Kind is FlowKind.End or FlowKind.Indirect)
            {
                return false;
            }

            foreach (ulong target in SuccessorsOf(address, step))
            {
                waiting.Push(target);
            }
        }

        return true;
    }
}
