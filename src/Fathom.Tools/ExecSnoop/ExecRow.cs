using System;
using Fathom.Output.Rows;

namespace Fathom.Tools.ExecSnoop;

/// <summary>An execution, as it is shown.</summary>
/// <param name="record">The record.</param>
/// <param name="file">The path as it was given.</param>
/// <param name="executable">The executable's real path.</param>
/// <param name="arguments">The arguments, each with its NUL.</param>
/// <param name="style">How people see them.</param>
internal readonly ref struct ExecRow(ref readonly ExecRecord record, TextValue file, TextValue executable, TextValue arguments, ArgumentStyle style)
{
    private readonly ref readonly ExecRecord _record = ref record;

    /// <summary>The record.</summary>
    public ref readonly ExecRecord Record => ref _record;

    /// <summary>The path as it was given.</summary>
    public TextValue File { get; } = file;

    /// <summary>The executable's real path.</summary>
    public TextValue Executable { get; } = executable;

    /// <summary>The arguments, each with its NUL.</summary>
    public TextValue Arguments { get; } = arguments;

    /// <summary>How people see the arguments.</summary>
    public ArgumentStyle Style { get; } = style;

    /// <summary>The command's name.</summary>
    public TextValue Command => TextValue.UpToNul(_record.Command);

    /// <summary>The parent's name.</summary>
    public TextValue ParentCommand => TextValue.UpToNul(_record.ParentCommand);

    /// <summary>
    /// The arguments behind the first: those that the caller gave. The kernel put the interpreter of a script, what the script's first line
    /// says besides, and the script's path before them.
    /// </summary>
    public ReadOnlySpan<byte> ArgumentsOfCaller
    {
        get
        {
            ReadOnlySpan<byte> rest = Arguments.Bytes;
            Next(ref rest);
            if (_record.IsScript == 0)
            {
                return rest;
            }

            for (ReadOnlySpan<byte> behind = rest; !behind.IsEmpty;)
            {
                if (Next(ref behind).SequenceEqual(File.Bytes))
                {
                    return behind;
                }
            }

            return rest;
        }
    }

    /// <summary>The path that people see: a program that was executed by its descriptor has no name but that of its file.</summary>
    public TextValue Shown => _record.IsScript == 0 && File.Bytes.StartsWith("/dev/fd/"u8) && !Executable.IsUnreadable ? Executable : File;

    /// <summary>Takes the next argument; the last one has no NUL if it was cut off.</summary>
    public static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)0);
        ReadOnlySpan<byte> argument = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[(end + 1)..];
        return argument;
    }
}
