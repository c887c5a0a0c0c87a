using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace Fathom.Tools.Hosting;

/// <summary>
/// A command that is traced from its first instruction: it is started, but stopped before it does anything, until the tool is attached.
/// </summary>
/// <remarks>
/// A shell stops itself and then becomes the command, so the process that a tool is told about is that of the command. Under sudo
/// the command runs as the user who called sudo: to trace something is no reason to give it root.
/// </remarks>
internal sealed class TracedCommand : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private bool _resumed;

    private TracedCommand(Process process) => _process = process;

    /// <summary>The process, which is also that of the command.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether the command has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Starts a command and leaves it stopped.</summary>
    /// <exception cref="CannotRunException">There is no such command.</exception>
    public static TracedCommand StartStopped(IReadOnlyList<string> command)
    {
        MustBeExecutable(command[0]);
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (string argument in (string[])["-c", "kill -STOP $$; exec \"$@\"", "sh", .. command])
        {
            start.ArgumentList.Add(argument);
        }

        BecomeTheCaller(start);
        try
        {
            Process process = Process.Start(start) ?? throw new CannotRunException($"the command '{command[0]}' could not be started");
            var traced = new TracedCommand(process);
            traced.WaitUntilStopped(command[0]);
            return traced;
        }
        catch (Win32Exception e)
        {
            throw new CannotRunException($"the command '{command[0]}' could not be started: {e.Message}", e);
        }
    }

    /// <summary>Lets it run.</summary>
    /// <param name="ended">Called once it has ended, on another thread.</param>
    public void Resume(Action ended)
    {
        _process.Exited += (_, _) => ended();
        _process.EnableRaisingEvents = true;
        _resumed = true;
        using Process signal = Process.Start("/bin/sh", ["-c", "kill -CONT " + Pid.ToString(CultureInfo.InvariantCulture)]);
        signal.WaitForExit();
    }

    /// <summary>Ends the process if it was never let run.</summary>
    public void Dispose()
    {
        if (!_resumed && !_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static void BecomeTheCaller(ProcessStartInfo start)
    {
        string? user = Environment.GetEnvironmentVariable("SUDO_USER");
        if (Environment.IsPrivilegedProcess && !string.IsNullOrEmpty(user) && user != "root")
        {
            start.UserName = user;
            start.Environment["USER"] = user;
            start.Environment["LOGNAME"] = user;
            if (HomeOf(user) is { } home)
            {
                start.Environment["HOME"] = home;
            }
        }
    }

    private static string? HomeOf(string user) => File.ReadLines("/etc/passwd")
        .Select(static line => line.Split(':'))
        .FirstOrDefault(fields => fields.Length > 5 && fields[0] == user)?[5];

    // The shell would say it too, but only once the tool is attached.
    private static void MustBeExecutable(string command)
    {
        IEnumerable<string> places = command.Contains('/', StringComparison.Ordinal)
            ? [command]
            : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Select(folder => Path.Combine(folder, command));
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        string? found = null;
        foreach (string place in places.Where(File.Exists))
        {
            if ((File.GetUnixFileMode(place) & Execute) != 0)
            {
                return;
            }

            found = place;
        }

        throw new CannotRunException(found is null
            ? $"there is no command '{command}' to trace: check its name, or give its path"
            : $"'{found}' is not executable: chmod +x it, or name the program that runs it");
    }

    private void WaitUntilStopped(string command)
    {
        long start = Stopwatch.GetTimestamp();
        while (StateOf(Pid) is not ('T' or 't'))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > s_patience)
            {
                Dispose();
                throw new CannotRunException($"the command '{command}' could not be held until tracing begins: /bin/sh did not stop itself");
            }

            Thread.Sleep(1);
        }
    }

    // The third field of /proc/PID/stat; the second is the name in parentheses, which may contain anything.
    private static char StateOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            int end = stat.LastIndexOf(')');
            return end >= 0 && end + 2 < stat.Length ? stat[end + 2] : '?';
        }
        catch (IOException)
        {
            return '?';
        }
    }
}
