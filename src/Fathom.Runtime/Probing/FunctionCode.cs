using System;
using System.Collections.Generic;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>
/// All instructions of a function: those that lie in it one after the other, and those that its jumps lead to, also where the compiler has put
/// them elsewhere (<c>.cold</c>). Jumps to the beginnings of other functions are calls at the end of this one, and not followed.
/// </summary>
internal sealed class FunctionCode
{
    private const int MostOutside = 1 << 15;
    private const int LongestInstruction = 15;
    private const int KindShift = 4;

    private readonly ImageCode _image;
    private readonly ReadOnlyMemory<byte> _code;

    // By what lies behind the beginning: the kind and the length of the instruction that begins there, or 0.
    private readonly byte[] _inside;
    private readonly Dictionary<ulong, byte> _outside = [];
    private readonly List<(ulong From, ulong Target)> _jumps = [];
    private readonly JumpTables _tables;
    private int _followed;
    private FlowKind _kind;
    private bool _isFiller;

    /// <summary>Reads a function.</summary>
    /// <param name="image">The code that it is a part of.</param>
    /// <param name="entry">Its address.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="parts">What lies elsewhere and is known to belong to it, which only the unwinder may enter.</param>
    public FunctionCode(ImageCode image, ulong entry, ulong size, IEnumerable<(ulong Address, ulong Size)> parts)
    {
        _image = image;
        _code = image.Read(entry);
        _code = _code[..(int)Math.Min((ulong)_code.Length, size)];
        _inside = new byte[_code.Length];
        _tables = new JumpTables(image);
        Entry = entry;
        End = entry + (ulong)_code.Length;
        Sweep(entry, _code);
        foreach ((ulong address, ulong length) in parts)
        {
            ReadOnlyMemory<byte> part = image.Read(address);
            Sweep(address, part[..(int)Math.Min((ulong)part.Length, length)]);
        }

        for (FollowJumps(); _tables.Read(this); FollowJumps())
        {
            foreach (ulong target in _tables.Targets)
            {
                Follow(target, false);
            }
        }
    }

    /// <summary>The address of its first instruction.</summary>
    public ulong Entry { get; }

    /// <summary>The address behind its last byte, of those that lie together.</summary>
    public ulong End { get; }

    /// <summary>Whether its jumps lead to more code elsewhere, or its tables are longer, than is read.</summary>
    public bool IsTooLarge => _outside.Count > MostOutside || _tables.IsTooLong;

    /// <summary>How many instructions were decoded.</summary>
    public long Decoded { get; private set; }

    /// <summary>Where its tables of jumps lead, for those that were found.</summary>
    public HashSet<ulong> TableTargets => _tables.Targets;

    /// <summary>Its indirect jumps, as long as none of its tables was found.</summary>
    public IReadOnlyList<ulong> BlindJumps => _tables.IsFound ? [] : _tables.Jumps;

    /// <summary>The instruction at an address; null where none of the function begins.</summary>
    public FlowStep? StepAt(ulong address)
    {
        byte known = KnownAt(address);
        if (known == 0)
        {
            return null;
        }

        bool isInside = IsInside(address);
        _image.Decoder(isInside ? _code : _image.Read(address)).Decode(isInside ? (int)(address - Entry) : 0, address, out Instruction instruction);
        return FlowStep.Of(instruction, (FlowKind)(known >> KindShift));
    }

    /// <summary>Its instructions that lead to one of some addresses: those that jump there, and those that lie before it.</summary>
    /// <param name="addresses">The addresses, in order.</param>
    public IEnumerable<(ulong From, ulong To)> WaysTo(ulong[] addresses)
    {
        foreach ((ulong from, ulong target) in _jumps)
        {
            if (target >= addresses[0] && target <= addresses[^1] && Array.BinarySearch(addresses, target) >= 0)
            {
                yield return (from, target);
            }
        }

        foreach (ulong address in addresses)
        {
            for (int length = 1; length <= LongestInstruction; length++)
            {
                byte known = KnownAt(address - (ulong)length);
                if ((known & LongestInstruction) == length && (FlowKind)(known >> KindShift) is FlowKind.Next or FlowKind.Branch or FlowKind.Call)
                {
                    yield return (address - (ulong)length, address);
                }
            }
        }
    }

    /// <summary>Whether an address lies in it.</summary>
    public bool IsInside(ulong address) => address - Entry < (ulong)_inside.Length;

    /// <summary>Whether an instruction that belongs to it begins at an address.</summary>
    public bool Has(ulong address) => KnownAt(address) != 0;

    private byte KnownAt(ulong address) => IsInside(address) ? _inside[(int)(address - Entry)] : _outside.GetValueOrDefault(address);

    private void Sweep(ulong address, ReadOnlyMemory<byte> code)
    {
        CodeDecoder decoder = _image.Decoder(code);
        bool runsOn = false;
        for (int at = 0; at < code.Length && !IsTooLarge;)
        {
            // Data between instructions: the next byte may be one again. No-operations fill the room between functions.
            int length = Decode(decoder, at, address + (ulong)at);
            runsOn = length > 0 && (_isFiller ? runsOn : FlowStep.RunsOn(_kind));
            at += Math.Max(1, length);
        }

        // Not all of it lies together, or its size is too small: it runs into what follows, whoever that belongs to. A call at the end never comes back.
        if (runsOn)
        {
            Follow(address + (ulong)code.Length, true);
        }
    }

    private void FollowJumps()
    {
        while (_followed < _jumps.Count && !IsTooLarge)
        {
            Follow(_jumps[_followed++].Target, false);
        }
    }

    // Jumps into the middle of what was taken for an instruction lead to others, as over a lock prefix.
    private void Follow(ulong address, bool isRunInto)
    {
        CodeDecoder? decoder = null;
        ulong start = address;
        while (KnownAt(address) == 0 && (isRunInto || IsInside(address) || !_image.IsFunction(address)) && !IsTooLarge)
        {
            decoder ??= _image.Decoder(_image.Read(address));
            int length = Decode(decoder, (int)(address - start), address);
            if (length == 0 || _kind is FlowKind.Jump or FlowKind.End or FlowKind.Indirect)
            {
                break;
            }

            isRunInto = FlowStep.RunsOn(_kind);
            address += (ulong)length;
        }
    }

    private int Decode(CodeDecoder decoder, int at, ulong address)
    {
        Decoded++;
        decoder.Decode(at, address, out Instruction instruction);
        if (instruction.IsInvalid)
        {
            return 0;
        }

        ulong target = 0;
        _isFiller = instruction.Mnemonic == Mnemonic.Nop;
        switch (instruction.FlowControl)
        {
            case FlowControl.Next or FlowControl.Interrupt:
                // What compilers put where nothing arrives.
                _kind = instruction.Mnemonic is Mnemonic.Int3 or Mnemonic.Hlt ? FlowKind.End : FlowKind.Next;
                break;
            case FlowControl.UnconditionalBranch:
                (_kind, target) = (FlowKind.Jump, instruction.NearBranchTarget);
                break;
            case FlowControl.ConditionalBranch or FlowControl.XbeginXabortXend:
                target = instruction.NearBranchTarget;
                _kind = target != 0 ? FlowKind.Branch : FlowKind.Next;
                break;
            case FlowControl.Call:
                // A call of the next instruction reads the address; a call of the beginning is one.
                target = instruction.NearBranchTarget;
                target = target > Entry && target < End ? target : 0;
                _kind = target != 0 ? FlowKind.Branch : FlowKind.Call;
                break;
            case FlowControl.IndirectCall:
                _kind = FlowKind.Call;
                break;
            case FlowControl.IndirectBranch:
                _kind = FlowKind.Indirect;
                break;
            default:
                _kind = FlowKind.End;
                break;
        }

        _tables.Note(instruction);
        byte known = (byte)(((int)_kind << KindShift) | instruction.Length);
        if (IsInside(address))
        {
            _inside[(int)(address - Entry)] = known;
        }
        else
        {
            _outside[address] = known;
        }

        if (target != 0)
        {
            _jumps.Add((address, target));
        }

        return instruction.Length;
    }
}
