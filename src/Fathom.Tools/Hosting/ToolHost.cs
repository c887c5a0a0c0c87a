using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Shared;

namespace Fathom.Tools.Hosting;

/// <summary>Runs a tool: starts it, keeps the time, and has it report what is due until the end.</summary>
public static class ToolHost
{
    // Long against what a look costs, short against what a person notices.
    private static readonly TimeSpan s_eventPace = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Runs a tool until its schedule is over, the end is asked for, or the command has ended. What is due is reported at the end in any case.
    /// </summary>
    /// <param name="tool">The tool.</param>
    /// <param name="request">What it is to trace.</param>
    /// <param name="schedule">When reports are due.</param>
    /// <param name="sink">Where they go.</param>
    /// <param name="clock">The time, and the way to ask for the end.</param>
    /// <param name="command">A command with its arguments to trace while it runs; null for everything there is.</param>
    /// <exception cref="CannotRunException">The tool or the command cannot run, or can no longer. Nothing is left attached.</exception>
    /// <exception cref="BudgetExceededException">Tracing was ended, because it cost more than it may. What it found is reported.</exception>
    public static void Run(
        ITool tool, ToolRequest request, Schedule schedule, ISink sink, HostClock clock, IReadOnlyList<string>? command = null)
    {
        if (request.Pid != 0 || command is not null)
        {
            Processes.MustShareNumbers();
        }

        if (request.Pid != 0)
        {
            Processes.MustExist(request.Pid);
        }

        request = request with { Stop = clock.Stopping };
        using TracedCommand? traced = command is null ? null : TracedCommand.StartStopped(command);
        if (traced is not null)
        {
            request = request with { ProcessTree = traced.Pid };
        }

        try
        {
            using ITracing tracing = tool.Start(request);
            clock.Restart();
            if (tracing is IEventTracing events)
            {
                events.Begin(sink);
                traced?.Resume(() => clock.Stop(EndReason.CommandEnded));
                Follow(events, schedule, sink, clock);
            }
            else
            {
                var reports = (IReportTracing)tracing;
                sink.Begin(reports.Banner ?? tool.Description.Banner);
                traced?.Resume(() => clock.Stop(EndReason.CommandEnded));
                Report(reports, schedule, sink, clock);
            }

            if (traced is { HasEnded: false })
            {
                request.Note($"tracing has ended, but the command (process {traced.Pid}) has not");
            }
        }
        catch (VerifierRejectedException e)
        {
            // The programs of a tool are not the user's, who can do nothing about them but tell.
            throw new CannotRunException(
                $"{e.Message}: {tool.Description.Name} does not fit this kernel, Linux {Kernel.Running.Release}; please report this line", e);
        }
        catch (BpfException e)
        {
            throw new CannotRunException(e.Message, e);
        }
    }

    private static void Report(IReportTracing tracing, Schedule schedule, ISink sink, HostClock clock)
    {
        bool isLast = false;
        string? excess = null;
        for (long reports = 0; !isLast; reports++)
        {
            excess = Wait(tracing, schedule.NextReport(reports), clock);
            isLast = excess is not null || clock.IsStopped || schedule.IsOver(reports + 1, clock.Elapsed);
            sink.BeginInterval(clock.Now);
            tracing.Report(sink);
            if (isLast)
            {
                tracing.ReportEnd(sink);
            }

            sink.EndInterval();
        }

        if (excess is not null)
        {
            throw new BudgetExceededException(excess);
        }
    }

    // Gives the reason to end before that time.
    private static string? Wait(IReportTracing tracing, TimeSpan? due, HostClock clock)
    {
        if (tracing.WatchPace is not { } pace)
        {
            clock.WaitUntil(due);
            return null;
        }

        while (!clock.IsStopped && (due is null || clock.Elapsed < due))
        {
            TimeSpan next = clock.Elapsed + pace;
            clock.WaitUntil(next > due ? due : next);
            if (tracing.FindExcess(clock.Elapsed) is { } excess)
            {
                return excess;
            }
        }

        return null;
    }

    private static void Follow(IEventTracing tracing, Schedule schedule, ISink sink, HostClock clock)
    {
        bool isLast = false;
        while (!isLast)
        {
            TimeSpan next = clock.Elapsed + s_eventPace;
            clock.WaitUntil(next > schedule.Duration ? schedule.Duration : next);
            do
            {
                isLast = clock.IsStopped || clock.Elapsed >= schedule.Duration;
            }
            while (tracing.Poll(sink, isLast) && !isLast);
        }
    }
}
