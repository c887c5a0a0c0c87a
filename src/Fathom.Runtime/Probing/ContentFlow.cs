using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// Follows what the registers of a function hold along its ways, until nothing changes: where the stack pointer is, and which tables its indirect jumps read.
/// </summary>
internal sealed class ContentFlow
{
    // Places where ways meet; each is kept with all registers.
    private const int MostPlaces = 1 << 16;

    // Each register of a place becomes less known twice at most; hardly any function needs a tenth of that.
    private const long StepsForInstruction = 8;
    private const long LeastSteps = 4096;

    private readonly ImageCode _image;
    private readonly FunctionCode _code;
    private readonly Func<TableUse, IReadOnlyList<ulong>> _targetsOf;
    private readonly Predicate<ulong>? _isPart;
    private readonly Dictionary<ulong, RegisterContents> _places = [];
    private readonly Dictionary<TableUse, RegisterContents> _tables = [];
    private readonly Stack<ulong> _waiting = new();
    private readonly long _mostSteps;

    private ContentFlow(ImageCode image, FunctionCode code, Func<TableUse, IReadOnlyList<ulong>> targetsOf, Predicate<ulong>? isPart)
    {
        _image = image;
        _code = code;
        _targetsOf = targetsOf;
        _isPart = isPart;
        _mostSteps = (StepsForInstruction * code.Count) + LeastSteps;
    }

    /// <summary>Of a part, where the stack pointer is before each instruction that ways lead to, from where it was at the beginning; null where that is not known.</summary>
    public Dictionary<ulong, int?> Heights { get; } = [];

    /// <summary>What the indirect jumps jump to, and where the stack pointer is then.</summary>
    public Dictionary<ulong, (Content Target, int? Height)> Jumps { get; } = [];

    /// <summary>How many instructions were looked at.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether that was too much.</summary>
    public bool IsTooLong => Steps > _mostSteps || _places.Count > MostPlaces;

    /// <summary>Follows all ways of a function, those too that only the unwinder knows.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="code">The function.</param>
    /// <param name="targetsOf">Where a table leads.</param>
    public static ContentFlow OfJumps(ImageCode image, FunctionCode code, Func<TableUse, IReadOnlyList<ulong>> targetsOf)
    {
        var flow = new ContentFlow(image, code, targetsOf, null);
        flow.Arrive(code.Entry, RegisterContents.AtEntry(0));
        flow.Run();
        if (!flow.IsTooLong && code.IndirectJumps.Any(jump => !flow.Jumps.ContainsKey(jump.Address)))
        {
            flow.FollowOthers();
        }

        return flow;
    }

    /// <summary>Follows the ways of a part of a function, and those that leave it by an instruction.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="code">The function.</param>
    /// <param name="start">Where the ways begin.</param>
    /// <param name="height">Where the stack pointer is there; null if that is not known.</param>
    /// <param name="isPart">Whether an instruction belongs to the part.</param>
    public static ContentFlow OfPart(ImageCode image, FunctionCode code, ulong start, int? height, Predicate<ulong> isPart)
    {
        var flow = new ContentFlow(image, code, static _ => [], isPart);
        flow.Arrive(start, RegisterContents.AtEntry(height));
        flow.Run();
        return flow;
    }

    // What no place is before leads nowhere that is known, up to the next that is.
    private void FollowOthers()
    {
        bool isPassed = false;
        foreach (ulong address in _code.Addresses)
        {
            isPassed |= _places.ContainsKey(address);
            if (_code.TryDecode(address, out Instruction instruction, out FlowKind kind) && !isPassed && instruction.Mnemonic is not (Mnemonic.Nop or Mnemonic.Int3))
            {
                Arrive(address, RegisterContents.AtPlace(_image));
                Run();
                isPassed = true;
            }

            isPassed &= FlowStep.RunsOn(kind) || kind == FlowKind.Call;
        }
    }

    private void Run()
    {
        while (!IsTooLong && _waiting.TryPop(out ulong address))
        {
            Walk(address, _places[address]);
        }
    }

    private void Arrive(ulong address, in RegisterContents contents)
    {
        ref RegisterContents known = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, address, out bool isKnown);
        if (!isKnown)
        {
            known = contents;
        }
        else if (!known.Join(contents))
        {
            return;
        }

        _waiting.Push(address);
    }

    private void Walk(ulong address, RegisterContents contents)
    {
        Content put = Content.Unknown;
        for (bool isFirst = true; isFirst || !_code.IsTarget(address); isFirst = false)
        {
            if (_isPart is not null)
            {
                Heights[address] = isFirst || !Heights.TryGetValue(address, out int? height) || height == contents.Height ? contents.Height : null;
            }

            if (_isPart?.Invoke(address) == false || !_code.TryDecode(address, out Instruction instruction, out FlowKind kind) || IsTooLong)
            {
                return;
            }

            Steps++;
            Register register = _image.ThunkRegister(instruction.NearBranchTarget);
            bool isThunk = register != Register.None && kind is FlowKind.Indirect or FlowKind.Branch;
            Content target = isThunk ? contents.Of(register)
                : kind != FlowKind.Indirect ? Content.Unknown
                : instruction.Mnemonic == Mnemonic.Ret ? put
                : contents.TargetOf(_image, instruction);
            put = FunctionCode.PutsAddress(instruction) ? contents.Of(instruction.OpCount > 1 ? instruction.Op1Register : instruction.Op0Register) : Content.Unknown;
            int? before = contents.Height;
            contents.Pass(_image, instruction, kind);
            if (isThunk || kind == FlowKind.Indirect)
            {
                LeaveBy(address, target, contents, instruction.Mnemonic == Mnemonic.Ret);
            }

            if (kind is FlowKind.Jump or FlowKind.Branch && !isThunk && _code.Has(instruction.NearBranchTarget))
            {
                Arrive(instruction.NearBranchTarget, contents);
            }

            if (kind is FlowKind.Jump or FlowKind.End or FlowKind.Indirect or FlowKind.None)
            {
                return;
            }

            address += (ulong)instruction.Length;
            if (kind == FlowKind.Branch && instruction.Mnemonic == Mnemonic.Call)
            {
                // What is called inside the function comes back with the stack as it was, unless it only reads where it is.
                if (instruction.NearBranchTarget == address)
                {
                    return;
                }

                contents = RegisterContents.AtEntry(before);
            }
        }

        Arrive(address, contents);
    }

    private void LeaveBy(ulong address, Content target, in RegisterContents contents, bool isReturn)
    {
        int? height = isReturn ? contents.Height + (int)_image.Word : contents.Height;
        if (Jumps.TryGetValue(address, out (Content Target, int? Height) other))
        {
            // Two ways may meet in it that meet nowhere before: where code is read in two ways.
            target = target.Or(other.Target);
            height = height == other.Height ? height : null;
        }

        Jumps[address] = (target, height);
        if (TableUse.Of(target) is not { } use)
        {
            return;
        }

        ref RegisterContents known = ref CollectionsMarshal.GetValueRefOrAddDefault(_tables, use, out bool isKnown);
        if (!isKnown)
        {
            known = contents;
        }
        else if (!known.Join(contents))
        {
            return;
        }

        foreach (ulong place in _targetsOf(use))
        {
            if (_code.IsTarget(place))
            {
                Arrive(place, known);
            }
        }
    }
}

/// <summary>A table as a jump reads it.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Origin">What its distances are counted from; null if it holds addresses.</param>
internal readonly record struct TableUse(ulong Address, ulong? Origin)
{
    /// <summary>What a jump reads whose target is an entry of a table; otherwise null.</summary>
    public static TableUse? Of(Content target) => target.Kind switch
    {
        ContentKind.Entry => new(target.Number, null),
        ContentKind.Place => new(target.Number, target.Origin),
        _ => null,
    };
}
