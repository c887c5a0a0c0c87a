using System;

namespace Fathom.Tools.Hosting;

/// <summary>The command to trace cannot be run. The message is one sentence.</summary>
/// <param name="exitCode">What to exit with.</param>
/// <param name="message">The sentence.</param>
public sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>Exit code: it could not be traced, and was not started.</summary>
    public const int NotTraced = 125;

    /// <summary>Exit code: it is there but cannot be executed.</summary>
    public const int NotExecutable = 126;

    /// <summary>Exit code: there is no such command.</summary>
    public const int NotFound = 127;

    /// <summary>What to exit with, as <c>env</c>, <c>timeout</c> and shells do.</summary>
    public int ExitCode { get; } = exitCode;
}
