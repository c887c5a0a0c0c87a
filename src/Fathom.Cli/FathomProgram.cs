using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Output.Text;
using Fathom.Runtime;
using Fathom.Tools.Doctor;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared.Events;

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

    /// <summary>The descriptor of standard output, to see its reader leave; null if that is not to be seen.</summary>
    public int? OutputDescriptor { get; init; }

    /// <summary>What text on standard output is laid out for.</summary>
    public TextLayout Layout { get; init; } = TextLayout.Plain;

    /// <summary>Called when the process of a command is there, before the tool starts.</summary>
    public Action<TracedCommand> CommandStarted { get; set; } = static _ => { };

    /// <summary>Runs it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="clock">The time, and the way to ask for the end.</param>
    /// <returns>What to exit with.</returns>
    public int Run(IReadOnlyList<string> arguments, HostClock clock)
    {
        string hint = "fathom";
        return Guard(() => hint, () =>
        {
            // fathom help TOOL is fathom TOOL --help.
            if (arguments is ["help", var about] && !about.StartsWith('-'))
            {
                arguments = [about, CommonOptions.Help.Name];
            }

            if (arguments.Count == 0 || arguments[0] is "--help" or "-h" or "-?" or "help")
            {
                Print(HelpText.OfProgram(tools, Layout));
                return ExitCode.Done;
            }

            if (arguments[0] == "--version")
            {
                Print($"fathom {Version}\n");
                return ExitCode.Done;
            }

            if (CommandSyntax.Commands(tools).FirstOrDefault(command => command.Name == arguments[0]) is { } command)
            {
                hint = "fathom " + command.Name;
                return Run(command, [.. arguments.Skip(1)]);
            }

            ITool tool = tools.FirstOrDefault(tool => tool.Description.Name == arguments[0]) ?? throw Unknown(arguments[0]);
            hint = "fathom " + tool.Description.Name;
            return Run(CommandLine.Parse(tool, [.. arguments.Skip(1)]), hint, clock);
        });
    }

    /// <summary>Says that a limit of the process does not allow it to run.</summary>
    /// <param name="limit">What was thrown.</param>
    /// <param name="hasCommand">Whether a command was to be traced.</param>
    public int Refuse(Exception limit, bool hasCommand)
    {
        Complain(ResourceLimitException.Sentence(limit));
        return hasCommand ? ExitCode.NotTraced : ExitCode.CannotRun;
    }

    // Makes an exit code of every exception that a user can cause.
    private int Guard(Func<string> hint, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (UsageException e)
        {
            Complain($"{e.Message}; see {hint()} --help");
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is CannotRunException or BpfException)
        {
            Complain(e.Message);
            return ExitCode.CannotRun;
        }
        catch (CommandException e)
        {
            Complain(e.Message);
            return e.ExitCode;
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
        catch (Exception e) when (ResourceLimitException.IsLimit(e))
        {
            return Refuse(e, hasCommand: false);
        }
        catch (IOException e)
        {
            Complain($"the output could not be written ({e.Message}): send it elsewhere, such as to a file with > FILE");
            return ExitCode.CannotRun;
        }
    }

    private static string Version => typeof(FathomProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";

    private int Run(Invocation invocation, string hint, HostClock clock)
    {
        if (invocation.Help)
        {
            Print(HelpText.Of(CommandSyntax.Of(invocation.Tool.Description), Layout));
            return ExitCode.Done;
        }

        if (invocation.Tool.Answer(invocation.Request) is { } answer)
        {
            Print(answer);
            return ExitCode.Done;
        }

        if (invocation.Command is null)
        {
            EndReason reason = Trace(invocation, clock, null);
            if (reason == EndReason.ProcessEnded)
            {
                Complain(reason.Sentence(invocation.Request.Pid));
            }

            return ExitCode.Done;
        }

        using TracedCommand command = TracedCommand.Start(invocation.Command);
        CommandStarted(command);
        EndReason? ended = null;
        int result = Guard(() => hint, () =>
        {
            ended = Trace(invocation, clock, command);
            return ExitCode.Done;
        });
        if (!command.WasResumed && result != ExitCode.Done)
        {
            return result == ExitCode.Usage ? result : ExitCode.NotTraced;
        }

        if (command.WasResumed && !command.HasEnded)
        {
            Complain($"{(ended ?? clock.StopReason)?.Sentence(command.Pid) ?? "tracing has ended"}, but the command (process {command.Pid}) runs on, and is waited for");
        }

        if (!command.WasResumed)
        {
            Complain("the end was asked for before the command was started");
        }

        int exitCode = command.WaitForExit(out string? problem);
        if (problem is not null)
        {
            Complain(problem);
        }

        return exitCode;
    }

    private EndReason Trace(Invocation invocation, HostClock clock, TracedCommand? command)
    {
        using OutputFile? file = invocation.Output is { } path ? OutputFile.Open(path, command is not null) : null;
        Stream result = file?.Stream ?? output;
        ToolDescription tool = invocation.Tool.Description;
        ISink sink = invocation.Json
            ? new JsonSink(result, new(tool.Name, Version, tool.SchemaVersion), RowClocks.Measure())
            : new TextSink(result, errors, invocation.Timestamps, layout: (file is null ? Layout : TextLayout.Plain).With(invocation.Color));
        ToolRequest request = invocation.Request with { Note = Complain, Status = Console.IsErrorRedirected ? null : ShowStatus };
        return ToolHost.Run(invocation.Tool, request, invocation.Schedule, sink, clock, command, file?.Descriptor ?? OutputDescriptor);
    }

    private int Run(CommandSyntax command, IReadOnlyList<string> arguments)
    {
        OptionValues given = CommandLine.Parse(command, arguments, out string argument);
        if (given.Has(CommonOptions.Help))
        {
            Print(HelpText.Of(command, Layout));
            return ExitCode.Done;
        }

        if (command == CommandSyntax.Doctor)
        {
            return Examine(given);
        }

        IReadOnlyList<CommandSyntax> all = [.. tools.Select(static tool => CommandSyntax.Of(tool.Description)), .. CommandSyntax.Commands(tools)];
        Print(command == CommandSyntax.Completion ? CompletionScript.Shells[argument](all)
            : argument.Length == 0 ? ManPage.OfProgram(tools, Version)
            : ManPage.Of(all.First(one => one.Name == argument), Version));
        return ExitCode.Done;
    }

    private int Examine(OptionValues given)
    {
        DoctorReport report = Examiner.Examine(tools);
        var stream = new OutputStream(output);
        if (given.Has(CommonOptions.Json))
        {
            stream.Write(DoctorJson.Write(report, Version, RowClocks.Measure()).Span);
        }
        else
        {
            stream.Write(DoctorText.Write(report, Layout, given.Has(CommandSyntax.Verbose)));
        }

        return report.EveryToolRuns ? ExitCode.Done : ExitCode.CannotRun;
    }

    private UsageException Unknown(string name)
    {
        string[] names = [.. tools.Select(static tool => tool.Description.Name), .. CommandSyntax.Commands(tools).Select(static command => command.Name)];
        return name.StartsWith('-')
            ? ArgumentReader.Unknown($"there is no option '{name}'", name, ["--help", "--version"])
            : ArgumentReader.Unknown($"there is no tool '{name}'", name, names, $": choose one of {string.Join(", ", names)}");
    }

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
