using System;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>A program did what no verified program does, or what the interpreter does not have; the derived type says which.</summary>
public abstract class InterpreterException : Exception
{
    private protected InterpreterException(ProgramPosition position, string problem)
        : base(position.Program.Length == 0 ? problem : $"{position}: {problem}")
    {
        Position = position;
        Problem = problem;
    }

    /// <summary>Where in which program.</summary>
    public ProgramPosition Position { get; }

    /// <summary>What is wrong, without where.</summary>
    public string Problem { get; }
}

/// <summary>An instruction of a program.</summary>
/// <param name="Program">The program's name; empty if no program was running.</param>
/// <param name="Instruction">Index of the instruction (not a slot number).</param>
/// <param name="Text">The instruction as assembly.</param>
/// <param name="Line">The source line, if the object knows it.</param>
public readonly record struct ProgramPosition(string Program, int Instruction, string Text, LineInfo? Line)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Program}, instruction {Instruction} ({Text})" + (Line is { } line ? $", {line.File}:{line.Line}: {line.Text}" : "");
}

/// <summary>An access outside of any region, over the end of one, or a write to a read-only one.</summary>
public sealed class MemoryFaultException : InterpreterException
{
    internal MemoryFaultException(ProgramPosition position, ulong address, long size, bool isWrite, string what, string near)
        : base(position, $"{what} of {size} bytes at 0x{address:x}: {near}")
    {
        Address = address;
        Size = size;
        IsWrite = isWrite;
        Near = near;
    }

    /// <summary>The guest address of the first byte.</summary>
    public ulong Address { get; }

    /// <summary>How many bytes.</summary>
    public long Size { get; }

    /// <summary>True if the bytes were to be written.</summary>
    public bool IsWrite { get; }

    /// <summary>What is there or near, in words.</summary>
    public string Near { get; }
}

/// <summary>A program took more steps than it may.</summary>
public sealed class StepLimitException : InterpreterException
{
    internal StepLimitException(ProgramPosition position, long limit)
        : base(position, $"more than {limit} instructions") => Limit = limit;

    /// <summary>The limit.</summary>
    public long Limit { get; }
}

/// <summary>A call of a helper that the interpreter does not have. <see cref="Machine.SetHelper"/> can give it one.</summary>
public sealed class UnknownHelperException : InterpreterException
{
    internal UnknownHelperException(ProgramPosition position, int number, string name)
        : base(position, $"the interpreter has no helper {name} (number {number}): give it one with {nameof(Machine)}.{nameof(Machine.SetHelper)}")
    {
        Number = number;
        Name = name;
    }

    /// <summary>The helper's number.</summary>
    public int Number { get; }

    /// <summary>The helper's name in the kernel.</summary>
    public string Name { get; }
}

/// <summary>A use of something that the interpreter does not have, or that no verified program does: the message says what.</summary>
public sealed class BadProgramException : InterpreterException
{
    internal BadProgramException(ProgramPosition position, string problem)
        : base(position, problem)
    {
    }
}
