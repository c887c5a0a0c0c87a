using System;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>Decodes x86 instructions, one after the other or wherever it is told. Not safe for use by several threads at a time.</summary>
internal sealed class CodeDecoder : CodeReader
{
    private readonly Decoder _decoder;
    private ReadOnlyMemory<byte> _code;
    private int _position;

    /// <summary>Makes a decoder.</summary>
    /// <param name="bits">64, or 32 for i386.</param>
    public CodeDecoder(int bits) => _decoder = Decoder.Create(bits, this);

    /// <summary>Whether the last instruction was cut off by the end of the code.</summary>
    public bool IsCutOff => _decoder.LastError == DecoderError.NoMoreBytes;

    /// <inheritdoc/>
    public override int ReadByte() => _position < _code.Length ? _code.Span[_position++] : -1;

    /// <summary>Decodes the instruction at a place.</summary>
    /// <param name="code">The code.</param>
    /// <param name="at">Where in it the instruction begins.</param>
    /// <param name="address">Its address, for what is relative to it.</param>
    /// <param name="instruction">The instruction; invalid where there is none.</param>
    public void Decode(ReadOnlyMemory<byte> code, int at, ulong address, out Instruction instruction)
    {
        _code = code;
        _position = at;
        _decoder.IP = address;
        _decoder.Decode(out instruction);
    }
}
