using System;
using System.Text;

namespace Fathom.Format;

/// <summary>Bytes that are not what they claim to be. The only exception that the readers of this assembly throw for bad input.</summary>
public sealed class BadFormatException : Exception
{
    private const int LongestProblem = 400;

    /// <summary>Creates the exception.</summary>
    /// <param name="format">What was being read, for example <c>"BTF"</c>.</param>
    /// <param name="offset">Where the bad bytes lie, in bytes from the start of what was read.</param>
    /// <param name="problem">What is wrong, without the offset.</param>
    public BadFormatException(string format, long offset, string problem)
        : base($"{format} at offset {offset}: {Readable(problem)}")
    {
        Format = format;
        Offset = offset;
        Problem = Readable(problem);
    }

    /// <summary>What was being read.</summary>
    public string Format { get; }

    /// <summary>Where the bad bytes lie, in bytes from the start of what was read.</summary>
    public long Offset { get; }

    /// <summary>What is wrong, without the offset: one line, without control characters.</summary>
    public string Problem { get; }

    // It may hold a name out of the file, which is as long and as hostile as the file.
    private static string Readable(string problem)
    {
        bool isReadable = problem.Length <= LongestProblem;
        for (int i = 0; isReadable && i < problem.Length; i++)
        {
            isReadable = !char.IsControl(problem[i]);
        }

        if (isReadable)
        {
            return problem;
        }

        StringBuilder text = new();
        for (int i = 0; i < Math.Min(problem.Length, LongestProblem); i++)
        {
            text.Append(char.IsControl(problem[i]) ? '?' : problem[i]);
        }

        return text.Append(problem.Length > LongestProblem ? "..." : "").ToString();
    }
}
