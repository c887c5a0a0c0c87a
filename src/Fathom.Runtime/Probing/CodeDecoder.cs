using System;
using System.Runtime.InteropServices;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>Decodes x86 instructions, one after the other or wherever it is told. Not safe for use by several threads at a time.</summary>
internal sealed class CodeDecoder : CodeReader
{
    private readonly Decoder _decoder;
    private byte[] _bytes = [];
    private int _start;
    private int _end;
    private int _position;

    /// <summary>Makes a decoder.</summary>
    /// <param name="bits">64, or 32 for i386.</param>
    public CodeDecoder(int bits) => _decoder = Decoder.Create(bits, this);

    /// <summary>Whether the last instruction was cut off by the end of the code.</summary>
    public bool IsCutOff => _decoder.LastError == DecoderError.NoMoreBytes;

    /// <inheritdoc/>
    public override int ReadByte() => _position < _end ? _bytes[_position++] : -1;

    /// <summary>Takes the code that is decoded from now on; of an array nothing is copied.</summary>
    public void Open(ReadOnlyMemory<byte> code)
    {
        ArraySegment<byte> segment = MemoryMarshal.TryGetArray(code, out ArraySegment<byte> array) ? array : code.ToArray();
        (_bytes, _start, _end) = (segment.Array!, segment.Offset, segment.Offset + segment.Count);
    }

    /// <summary>Decodes the instruction at a place.</summary>
    /// <param name="at">Where in the code the instruction begins.</param>
    /// <param name="address">Its address, for what is relative to it.</param>
    /// <param name="instruction">The instruction; invalid where there is none.</param>
    public void Decode(int at, ulong address, out Instruction instruction)
    {
        _position = _start + at;
        _decoder.IP = address;
        _decoder.Decode(out instruction);
    }
}
