using System;

namespace Fathom.Format;

/// <summary>Bytes that are not what they claim to be. The only exception that the readers of this assembly throw for bad input.</summary>
public sealed class BadFormatException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="format">What was being read, for example <c>"BTF"</c>.</param>
    /// <param name="offset">Where the bad bytes lie, in bytes from the start of what was read.</param>
    /// <param name="problem">What is wrong, without the offset.</param>
    public BadFormatException(string format, long offset, string problem)
        : base($"{format} at offset {offset}: {problem}")
    {
        Format = format;
        Offset = offset;
        Problem = problem;
    }

    /// <summary>What was being read.</summary>
    public string Format { get; }

    /// <summary>Where the bad bytes lie, in bytes from the start of what was read.</summary>
    public long Offset { get; }

    /// <summary>What is wrong, without the offset.</summary>
    public string Problem { get; }
}
