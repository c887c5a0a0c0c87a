namespace Fathom.Runtime;

/// <summary>A program or library to trace.</summary>
/// <param name="Path">
/// The path to open, and to attach to: for a file of another process it leads through <c>/proc/PID/root</c>, so that it is right for a
/// container too, as long as the process lives.
/// </param>
/// <param name="ShownPath">The path as the process sees it. Hostile if the process is: escape it before a terminal sees it.</param>
public readonly record struct UserFile(string Path, string ShownPath)
{
    /// <summary>
    /// Whether the process that it was looked for in has not mapped it as executable, by its path without links. It may do so later;
    /// until then nothing in this file is run by it. False where no process was named.
    /// </summary>
    public bool IsUnmapped { get; init; }
}

/// <summary>A program or library could not be found, or is not one that can be traced.</summary>
public sealed class UserFileException : BpfException
{
    internal UserFileException(string operation, string objectName, int errorNumber, string advice)
        : base(operation, objectName, errorNumber, advice)
    {
    }
}
