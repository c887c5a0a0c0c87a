using System;

namespace Fathom.Format.Instructions;

/// <summary>Text that is no program. The only exception that <see cref="Assembler"/> throws for bad text.</summary>
public sealed class AssemblerException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="problem">What is wrong, without the line.</param>
    public AssemblerException(int line, string problem)
        : base($"line {line}: {problem}")
    {
        Line = line;
        Problem = problem;
    }

    /// <summary>The line, from 1.</summary>
    public int Line { get; }

    /// <summary>What is wrong, without the line.</summary>
    public string Problem { get; }
}
