using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>Tells which of the first instructions of a function each call passes exactly once.</summary>
internal sealed class PlacePasses
{
    private const int LongestInstruction = 15;

    private readonly ImageCode _image;
    private readonly FunctionCode _code;
    private readonly ulong[] _prologue;
    private readonly List<(ulong From, int To)> _entries = [];
    private readonly int _firstOpen = int.MaxValue;

    /// <summary>Looks through a function.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="code">The function.</param>
    /// <param name="prologue">Its first instructions, which follow each other whatever the conditional jumps among them do.</param>
    public PlacePasses(ImageCode image, FunctionCode code, ulong[] prologue)
    {
        _image = image;
        _code = code;
        _prologue = prologue;

        // Whoever calls the other function that begins there passes it too.
        bool mayBeginAgain = code.IndirectJumps.Any(jump => jump.MayBeginAgain(code));
        int open = Array.FindIndex(prologue, address => address == code.Entry ? mayBeginAgain : image.IsFunction(address) || code.TableTargets.Contains(address));
        _firstOpen = open < 0 ? int.MaxValue : open;

        // Also what only runs into one, having jumped into the middle of the one before, or to what lies before the beginning.
        foreach ((ulong from, ulong to) in code.WaysTo(prologue))
        {
            int index = IndexOf(to);
            if (index == 0 || prologue[index - 1] != from || code.StepAt(from)?.Jump == to)
            {
                _entries.Add((from, index));
            }
        }
    }

    /// <summary>Whether an indirect jump may lead anywhere in the function.</summary>
    public bool JumpsBlindly => _code.IndirectJumps.Any(jump => jump.IsBlind(_code.TableTargets.Any(target => target != _code.Entry))
        || (jump.Target.Kind == ContentKind.Address && !_image.IsFunction(jump.Target.Number)));

    /// <summary>
    /// Whether it comes back from code that is known to be its own only by a jump there. That may be a function without a symbol, which calls it.
    /// </summary>
    public bool ComesBackFromElsewhere => _entries.Exists(way => way.To == 0 && JumpsFromElsewhere(way.From));

    /// <summary>
    /// Whether each call passes an instruction once: nothing jumps to it or to one before it, but for ways that leave before it and do nothing but
    /// begin again, as Go's functions do where they make their stack larger.
    /// </summary>
    /// <param name="index">Which of the first instructions.</param>
    public bool IsOnce(int index)
    {
        if (_firstOpen <= index || IsInAnother(_prologue[index]))
        {
            return false;
        }

        HashSet<ulong> restarts = [];
        for (int i = 0; i < index; i++)
        {
            // What is called inside the function is passed again when that comes back.
            if (_code.StepAt(_prologue[i]) is { IsInnerCall: true })
            {
                return false;
            }

            if (_code.StepAt(_prologue[i])?.Jump is { } target && !(IndexOf(target) is var to && to > i && to <= index)
                && !OnlyRestarts(target, index, restarts))
            {
                return false;
            }
        }

        foreach ((ulong from, int to) in _entries)
        {
            bool isBefore = IndexOf(from) is var source && source >= 0 && source < index;
            bool isAllowed = isBefore ? source < to || to == 0 : to == 0 && restarts.Contains(from);
            if (to <= index && !isAllowed)
            {
                return false;
            }
        }

        return restarts.Count == 0 || !IsEnteredLater(restarts, index);
    }

    // Hand-written code may jump into the middle of an instruction: the byte of the place is then a part of another one, which a breakpoint would change.
    private bool IsInAnother(ulong place)
    {
        for (int before = 1; before < LongestInstruction; before++)
        {
            if (_code.TryDecode(place - (ulong)before, out Instruction instruction, out _) && instruction.Length > before)
            {
                return true;
            }
        }

        return false;
    }

    private bool JumpsFromElsewhere(ulong address) => !_code.IsOwn(address) && _code.StepAt(address)?.Jump == _code.Entry;

    private int IndexOf(ulong address) => Array.BinarySearch(_prologue, address);

    // What the place leads to may not begin again too: the place would be passed a second time. Only what looks so is a way that arrives with another
    // stack: what follows a call that never comes back, as of a panic, is often this.
    private bool IsEnteredLater(HashSet<ulong> restarts, int index)
    {
        bool IsBefore(ulong address) => restarts.Contains(address) || (IndexOf(address) is var own && own >= 0 && own < index);
        Dictionary<ulong, int?> before = ContentFlow.OfPart(_image, _code, _code.Entry, 0, IsBefore).Heights;
        int? atPlace = before.GetValueOrDefault(_prologue[index]);
        Dictionary<ulong, int?> behind = ContentFlow.OfPart(_image, _code, _prologue[index], atPlace, address => !restarts.Contains(address)).Heights;
        bool ArrivesWithAnother((ulong From, ulong To) way) =>
            behind.GetValueOrDefault(way.From) + _code.StepAt(way.From)?.StackChange is { } height && before.GetValueOrDefault(way.To) is { } wanted && wanted != height;
        return restarts.Overlaps(_code.TableTargets)
            || _code.WaysTo([.. restarts.Order()]).Any(way => !IsBefore(way.From) && !ArrivesWithAnother(way));
    }

    private static IEnumerable<ulong> SuccessorsOf(FlowStep step)
    {
        if (step.Jump is { } target)
        {
            yield return target;
        }

        if (step.Next is { } next)
        {
            yield return next;
        }
    }

    // All ways from here lead to the first instruction, and to none of the others up to the place. A call among them is known to come back: it makes the
    // stack of Go larger. One that panics does not, and what lies behind it may look like a way back.
    private bool OnlyRestarts(ulong start, int index, HashSet<ulong> seen)
    {
        var waiting = new Stack<ulong>([start]);
        while (waiting.TryPop(out ulong address))
        {
            if (address == _code.Entry || !seen.Add(address))
            {
                continue;
            }

            if ((IndexOf(address) is var own && own >= 0 && own <= index) || JumpsFromElsewhere(address)
                || _code.StepAt(address) is not { } step || step.Kind is FlowKind.End or FlowKind.Indirect
                || (step.Kind == FlowKind.Call && !_image.GrowsStack(step.Target)))
            {
                return false;
            }

            foreach (ulong target in SuccessorsOf(step))
            {
                waiting.Push(target);
            }
        }

        return true;
    }
}
