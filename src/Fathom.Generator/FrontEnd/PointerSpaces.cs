using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// What the pointers in variables point into, and which variables need an address. That must be known where a variable is first used, and is
/// decided by all that is done with it: so an object is lowered again and again until an attempt sees what it assumed.
/// </summary>
internal sealed class PointerSpaces
{
    // Attempts that may take an assumption back. Assumptions that chase each other are joined afterwards, which ends.
    private const int FreeAttempts = 8;

    private Dictionary<string, PointerSpace> _learned = new(StringComparer.Ordinal);
    private Dictionary<string, PointerSpace> _used = new(StringComparer.Ordinal);
    private Dictionary<string, PointerSpace> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _inMemory = new(StringComparer.Ordinal);
    private bool _isMoved;
    private int _attempts;

    /// <summary>True for a variable that an earlier attempt saw passed on by reference to where an address is needed.</summary>
    public bool IsInMemory(string variable) => _inMemory.Contains(variable);

    /// <summary>Notes that the address of a variable is needed: the next attempt gives it one.</summary>
    public void MoveToMemory(string variable) => _isMoved |= _inMemory.Add(variable);

    /// <summary>What to assume of a variable in this attempt: what the last one saw, or what it holds first.</summary>
    public PointerSpace Assume(string variable, PointerSpace? first)
    {
        PointerSpace space = _learned.TryGetValue(variable, out PointerSpace learned) ? learned
            : first is { } known && known != PointerSpace.None ? known
            : PointerSpace.Unknown;
        _used[variable] = space;
        return space;
    }

    /// <summary>True if nothing was known of a variable until now, its first assignment: it is taken to hold what that gives it.</summary>
    public bool Settle(string variable, PointerSpace space)
    {
        if (_learned.ContainsKey(variable) || _seen.ContainsKey(variable) || !_used.ContainsKey(variable))
        {
            return false;
        }

        _used[variable] = space;
        return true;
    }

    /// <summary>Notes what is assigned to a variable.</summary>
    public void See(string variable, PointerSpace space) =>
        _seen[variable] = _seen.TryGetValue(variable, out PointerSpace before) ? Join(before, space) : space;

    /// <summary>Ends an attempt. True if it assumed something that it then saw otherwise: the next one knows better.</summary>
    public bool IsUnsettled()
    {
        bool unsettled = _isMoved;
        _isMoved = false;
        foreach (KeyValuePair<string, PointerSpace> variable in _seen)
        {
            unsettled |= !_used.TryGetValue(variable.Key, out PointerSpace used) || used != variable.Value;
        }

        if (++_attempts > FreeAttempts)
        {
            foreach (KeyValuePair<string, PointerSpace> variable in _learned)
            {
                See(variable.Key, variable.Value);
            }
        }

        _learned = _seen;
        _used = new(StringComparer.Ordinal);
        _seen = new(StringComparer.Ordinal);
        return unsettled;
    }

    /// <summary>What a pointer points into that may be one or the other.</summary>
    private static PointerSpace Join(PointerSpace a, PointerSpace b) =>
        a == b ? a
        : (a, b) is (PointerSpace.Trusted, PointerSpace.Kernel) or (PointerSpace.Kernel, PointerSpace.Trusted) ? PointerSpace.Kernel
        : PointerSpace.Unknown;
}
