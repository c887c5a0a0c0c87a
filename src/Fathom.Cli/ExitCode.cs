using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>What fathom exits with. With a command to trace that is the command's own, or 128 and the signal that ended it.</summary>
internal static class ExitCode
{
    /// <summary>Done. Ctrl-C is an ordinary end, and so is a reader that closes the output.</summary>
    public const int Done = 0;

    /// <summary>Could not run on this machine as it is; standard error says why and what to do.</summary>
    public const int CannotRun = 1;

    /// <summary>The command line makes no sense, whatever the machine.</summary>
    public const int Usage = 2;

    /// <summary>Tracing cost the machine more than it may, and was ended; what it had found was printed.</summary>
    public const int OverBudget = 3;

    /// <summary>The command could not be traced, and was not started.</summary>
    public const int NotTraced = CommandException.NotTraced;
}
