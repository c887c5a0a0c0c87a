using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading;
using Fathom.Output.Sinks;
using Fathom.Tools.Doctor;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>The program <c>fathom</c>, apart from the process that it runs in.</summary>
/// <param name="tools">The tools it has.</param>
/// <param name="output">Standard output.</param>
/// <param name="errors">Standard error.</param>
internal sealed class FathomProgram(IReadOnlyList<ITool> tools, Stream output, Stream errors)
{
    // https://man7.org/linux/man-pages/man4/console_codes.4.html
    private const string ClearLine = "\r\e[K";

    private readonly Lock _gate = new();
    private bool _hasStatus;

    /// <summary>Runs it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="clock">The time, and the way to ask for the end.</param>
    /// <returns>What to exit with.</returns>
    public int Run(IReadOnlyList<string> arguments, HostClock clock)
    {
        string hint = "fathom";
        try
        {
            if (arguments.Count == 0 || arguments[0] is "--help" or "-h" or "-?" or "help")
            {
                Print(HelpText.OfProgram(tools));
                return ExitCode.Done;
            }

            if (arguments[0] == "--version")
            {
                Print($"fathom {Version}\n");
                return ExitCode.Done;
            }

            if (arguments[0] == DoctorCommand.Name)
            {
                hint = "fathom " + DoctorCommand.Name;
                return Run(DoctorCommand.Parse(arguments.Skip(1)), clock);
            }

            ITool tool = tools.FirstOrDefault(tool => tool.Description.Name == arguments[0]) ?? throw Unknown(arguments[0]);
            hint = "fathom " + tool.Description.Name;
            Run(CommandLine.Parse(tool, [.. arguments.Skip(1)]), clock);
            return ExitCode.Done;
        }
        catch (UsageException e)
        {
            Complain($"{e.Message}; see {hint} --help");
            return ExitCode.Usage;
        }
        catch (BadArgumentException e)
        {
            Complain($"{e.Message}; see {hint} --help");
            return ExitCode.Usage;
        }
        catch (CannotRunException e)
        {
            Complain(e.Message);
            return ExitCode.CannotRun;
        }
        catch (BudgetExceededException e)
        {
            Complain(e.Message);
            return ExitCode.OverBudget;
        }
        catch (OutputClosedException)
        {
            // As with `fathom ... | head -1`: whoever read has seen enough.
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            Complain($"the output could not be written ({e.Message}): send it elsewhere, such as to a file with > FILE");
            return ExitCode.CannotRun;
        }
    }

    private static string Version => typeof(FathomProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";

    private void Run(Invocation invocation, HostClock clock)
    {
        ToolDescription description = invocation.Tool.Description;
        if (invocation.Help)
        {
            Print(HelpText.OfTool(description));
            return;
        }

        ISink sink = invocation.Json ? new JsonSink(output, description.Name) : new TextSink(output, errors, invocation.Timestamps);
        ToolRequest request = invocation.Request with { Note = Complain, Status = Console.IsErrorRedirected ? null : ShowStatus };
        ToolHost.Run(invocation.Tool, request, invocation.Schedule, sink, clock, invocation.Command);
    }

    private int Run(DoctorCommand command, HostClock clock)
    {
        if (command.Help)
        {
            Print(HelpText.OfDoctor());
            return ExitCode.Done;
        }

        DoctorReport report = Examiner.Examine(tools);
        var stream = new OutputStream(output);
        if (command.Json)
        {
            stream.Write(DoctorJson.Write(report, clock.Now).Span);
        }
        else
        {
            stream.Write(DoctorText.Write(report));
        }

        return report.EveryToolRuns ? ExitCode.Done : ExitCode.CannotRun;
    }

    private UsageException Unknown(string name) => new(name.StartsWith('-')
        ? $"there is no option '{name}'"
        : $"there is no tool '{name}': choose one of {string.Join(", ", tools.Select(static tool => tool.Description.Name))}, or {DoctorCommand.Name}");

    private void Print(string text) => new OutputStream(output).Write(Encoding.UTF8.GetBytes(text));

    // One line, whatever the message quotes.
    private void Complain(string sentence) => Say($"fathom: {OneLine(sentence)}\n");

    // Possibly from several threads.
    private void ShowStatus(string text)
    {
        lock (_gate)
        {
            Say(text.Length > 0 ? $"fathom: {OneLine(text)}" : "");
            _hasStatus = text.Length > 0;
        }
    }

    private void Say(string text)
    {
        try
        {
            lock (_gate)
            {
                errors.Write(Encoding.UTF8.GetBytes(_hasStatus ? ClearLine + text : text));
                errors.Flush();
                _hasStatus = false;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody listens there either; the exit code still tells.
        }
    }

    private static string OneLine(string sentence) => Escaping.Escape(sentence.TrimEnd());
}
