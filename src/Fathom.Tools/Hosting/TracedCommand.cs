using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Fathom.Runtime;
using Fathom.Runtime.Interop;

namespace Fathom.Tools.Hosting;

/// <summary>A command that is traced from its first instruction: its process is there, but waits until the tool is attached.</summary>
/// <remarks>
/// The command gets what it would have without us: descriptors, arguments, environment, signals that are ignored, limits, terminal and process group.
/// Under sudo it runs as the user who called sudo: to trace something is no reason to give it root.
/// </remarks>
public sealed class TracedCommand : IDisposable
{
    private const int Terminate = 15;

    private readonly HeldProcess _process;
    private readonly string _name;

    private TracedCommand(HeldProcess process, string name) => (_process, _name) = (process, name);

    /// <summary>The process, which is also that of the command.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether the command was let run.</summary>
    public bool WasResumed => _process.WasResumed;

    /// <summary>Whether the process has ended.</summary>
    public bool HasEnded => _process.HasEnded;

    /// <summary>The pidfd.</summary>
    internal KernelDescriptor Process => _process.Descriptor;

    /// <summary>Starts the process of a command, which waits.</summary>
    /// <param name="command">The command and its arguments, one at least.</param>
    /// <exception cref="CommandException">There is no such command, or it cannot be started.</exception>
    public static TracedCommand Start(IReadOnlyList<string> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        KernelCalls calls = Kernel.Running.Calls;
        string path = Find(command[0]);
        try
        {
            ProcessUser? caller = Caller(calls, out (string, string)[] variables);
            IReadOnlyList<byte[]> arguments = CommandBytes.Arguments(calls, command);
            byte[] file = path == command[0] ? arguments[0] : System.Text.Encoding.UTF8.GetBytes(path);
            return new(HeldProcess.Start(calls, new ProcessStart(file, arguments, CommandBytes.Environment(calls, variables)) { User = caller }), command[0]);
        }
        catch (BpfException e)
        {
            throw new CommandException(CommandException.NotTraced, $"the command '{command[0]}' is not started: {e.Message}");
        }
    }

    /// <summary>Lets it run.</summary>
    public void Resume() => _process.Resume();

    /// <summary>Passes on to it that it is to end.</summary>
    public void PassOnTermination() => _process.Signal(Terminate);

    /// <summary>Waits for its end. One that was not let run ends at once.</summary>
    /// <param name="problem">Why it could not be executed, one sentence; null if it could.</param>
    /// <returns>What to exit with: its exit code, or 128 and the signal that ended it.</returns>
    public int WaitForExit(out string? problem)
    {
        int exitCode = _process.WaitForExit();
        problem = _process.Failure == 0 ? null : $"the command '{_name}' could not be executed: {Marshal.GetPInvokeErrorMessage(_process.Failure)}";
        return exitCode;
    }

    /// <summary>Ends the process if it was never let run.</summary>
    public void Dispose() => _process.Dispose();

    private static ProcessUser? Caller(KernelCalls calls, out (string Name, string Value)[] variables)
    {
        variables = [];
        string? name = Environment.GetEnvironmentVariable("SUDO_USER");
        if (!Environment.IsPrivilegedProcess || string.IsNullOrEmpty(name) || name == "root"
            || !TryNumber("SUDO_UID", out uint user) || !TryNumber("SUDO_GID", out uint group))
        {
            return null;
        }

        variables = [("USER", name), ("LOGNAME", name), .. HomeOf(name) is { } home ? (ReadOnlySpan<(string, string)>)[("HOME", home)] : []];
        return new(user, group, calls.GroupsOf(name, group));
    }

    private static bool TryNumber(string variable, out uint number) =>
        uint.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string? HomeOf(string user) => File.ReadLines("/etc/passwd")
        .Select(static line => line.Split(':'))
        .FirstOrDefault(fields => fields.Length > 5 && fields[0] == user)?[5];

    // Before anything is attached; the rest, such as an interpreter that is missing, the kernel says when it is executed.
    private static string Find(string command)
    {
        IEnumerable<string> places = command.Contains('/', StringComparison.Ordinal)
            ? [command]
            : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Select(folder => Path.Combine(folder, command));
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string? found = null;
        foreach (string place in places.Where(Path.Exists))
        {
            if (Directory.Exists(place))
            {
                found ??= command.Contains('/', StringComparison.Ordinal) ? place : null;
            }
            else if ((File.GetUnixFileMode(place) & Execute) != 0)
            {
                return place;
            }
            else
            {
                found = place;
            }
        }

        throw found is null
            ? new CommandException(CommandException.NotFound, $"there is no command '{command}' to trace: check its name, or give its path")
            : new CommandException(CommandException.NotExecutable, Directory.Exists(found)
                ? $"'{found}' is a directory: give the path of a program in it"
                : $"'{found}' is not executable: chmod +x it, or name the program that runs it");
    }
}
