using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;

namespace Fathom.Compiler.Passes;

/// <summary>
/// How slots fall into pieces that are always accessed whole: one for each load and store, the same in both slots of a copy, and what
/// only zeros and copies touch in natural pieces. A slot whose accesses overlap otherwise is given up. Reads SSA; writes nothing.
/// </summary>
internal sealed class SlotPieces
{
    private readonly Function _function;
    private readonly SlotAccesses _accesses;
    private readonly bool[] _isOut;
    private SortedDictionary<int, int>[] _pieces = [];

    private SlotPieces(Function function)
    {
        _function = function;
        _accesses = SlotAccesses.Of(function);
        _isOut = (bool[])_accesses.Escapes.Clone();
        int before;
        do
        {
            before = _isOut.Count(o => o);
            Divide();
        }
        while (_isOut.Count(o => o) != before);
    }

    /// <summary>True if any slot can be taken apart.</summary>
    public bool Any => _isOut.Any(o => !o);

    public static SlotPieces Of(Function function) => new(function);

    /// <summary>The slot and offset that a pointer is, if it is into a slot that is taken apart.</summary>
    public bool TryPlace(int pointer, long offset, out int slot, out int place) =>
        _accesses.TryPlace(pointer, offset, out slot, out place) && !_isOut[slot];

    /// <summary>The pieces of a range, as offset and size.</summary>
    public IEnumerable<KeyValuePair<int, int>> In(int slot, int from, int bytes) =>
        _pieces[slot].Where(p => p.Key >= from && p.Key < from + bytes);

    private void Divide()
    {
        _pieces = [.. _function.Slots.Select(_ => new SortedDictionary<int, int>())];
        foreach (var access in _accesses.Accesses)
        {
            if (access.Op is Opcode.Load or Opcode.Store && TryPlace(access.Operands[0], access.Immediate, out int slot, out int place))
            {
                Add(slot, place, access.Bytes);
            }
        }

        AlignCopies();
        foreach (var access in _accesses.Accesses)
        {
            if (access.Op is Opcode.Zero or Opcode.CopyMemory)
            {
                FillGaps(access, access.Operands[0], access.Immediate);
            }

            if (access.Op == Opcode.CopyMemory)
            {
                FillGaps(access, access.Operands[1], access.SecondOffset);
                AlignCopies();
            }
        }

        Check();
    }

    private void Add(int slot, int place, int size)
    {
        if (_pieces[slot].TryGetValue(place, out int old) && old != size)
        {
            _isOut[slot] = true;
            return;
        }

        _pieces[slot][place] = size;
    }

    private void AlignCopies()
    {
        bool changed = true;
        for (int round = 0; changed && round < 16; round++)
        {
            int before = _pieces.Sum(p => p.Count);
            foreach (var copy in _accesses.Accesses.Where(a => a.Op == Opcode.CopyMemory))
            {
                if (TryPlace(copy.Operands[0], copy.Immediate, out int target, out int to)
                    && TryPlace(copy.Operands[1], copy.SecondOffset, out int source, out int from))
                {
                    Map(source, from, target, to, copy.Count);
                    Map(target, to, source, from, copy.Count);
                }
            }

            changed = _pieces.Sum(p => p.Count) != before;
        }
    }

    private void Map(int source, int from, int target, int to, int bytes)
    {
        foreach (var piece in In(source, from, bytes).ToList())
        {
            Add(target, piece.Key - from + to, piece.Value);
        }
    }

    private void FillGaps(IrInstruction access, int pointer, long offset)
    {
        if (!TryPlace(pointer, offset, out int slot, out int place))
        {
            return;
        }

        int end = place + access.Count;
        while (place < end)
        {
            if (_pieces[slot].TryGetValue(place, out int size))
            {
                place += size;
                continue;
            }

            int limit = _pieces[slot].Keys.Where(k => k > place).DefaultIfEmpty(end).First();
            limit = limit < end ? limit : end;
            size = 8;
            while (size > limit - place || place % size != 0 || size > access.Alignment)
            {
                size >>= 1;
            }

            Add(slot, place, size);
            place += size;
        }
    }

    private void Check()
    {
        for (int slot = 0; slot < _pieces.Length; slot++)
        {
            int end = 0;
            foreach (var piece in _pieces[slot])
            {
                // An unaligned access of the stack is the verifier's to refuse, so it stays.
                _isOut[slot] |= piece.Key < end || piece.Key % piece.Value != 0;
                end = piece.Key + piece.Value;
            }
        }

        foreach (var access in _accesses.Accesses.Where(a => a.Op is Opcode.Zero or Opcode.CopyMemory))
        {
            CheckEnds(access, access.Operands[0], access.Immediate);
            if (access.Op == Opcode.CopyMemory)
            {
                CheckEnds(access, access.Operands[1], access.SecondOffset);
                CheckPieces(access);
            }
        }
    }

    private void CheckEnds(IrInstruction access, int pointer, long offset)
    {
        if (!TryPlace(pointer, offset, out int slot, out int place))
        {
            return;
        }

        int end = place + access.Count;
        foreach (var piece in _pieces[slot])
        {
            int pieceEnd = piece.Key + piece.Value;
            _isOut[slot] |= (piece.Key < place && pieceEnd > place) || (piece.Key < end && pieceEnd > end);
            // The other side of a copy is only as aligned as the copy says.
            bool isCopied = access.Op == Opcode.CopyMemory && piece.Key >= place && pieceEnd <= end;
            _isOut[slot] |= isCopied && piece.Value > access.Alignment;
        }
    }

    private void CheckPieces(IrInstruction copy)
    {
        if (TryPlace(copy.Operands[0], copy.Immediate, out int target, out int to)
            && TryPlace(copy.Operands[1], copy.SecondOffset, out int source, out int from)
            && !In(target, to, copy.Count).Select(p => (p.Key - to, p.Value))
                .SequenceEqual(In(source, from, copy.Count).Select(p => (p.Key - from, p.Value))))
        {
            _isOut[target] = true;
            _isOut[source] = true;
        }
    }
}
