using System;
using System.Linq;
using System.Threading;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Runtime.Interop;

namespace Fathom.Tools.Hosting;

/// <summary>Runs a tool: starts it, keeps the time, and has it report what is due until the end.</summary>
public static class ToolHost
{
    // Long against what a look costs, short against what a person notices.
    private static readonly TimeSpan s_eventPace = TimeSpan.FromMilliseconds(20);

    // A round trip of the network is shorter, mostly.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs a tool until its schedule is over, the end is asked for, the process or command that is traced has ended, or nobody reads the output any
    /// more. What is due is reported at the end in any case. The command, if there is one, is let run once the tool is attached.
    /// </summary>
    /// <param name="tool">The tool.</param>
    /// <param name="request">What it is to trace.</param>
    /// <param name="schedule">When reports are due.</param>
    /// <param name="sink">Where they go.</param>
    /// <param name="clock">The time, and the way to ask for the end.</param>
    /// <param name="command">A command to trace, which waits; null for everything there is.</param>
    /// <param name="output">The descriptor that the sink writes to; null if nobody can be seen to leave.</param>
    /// <returns>Why tracing has ended.</returns>
    /// <exception cref="CannotRunException">The tool cannot run, or can no longer. Nothing is left attached.</exception>
    /// <exception cref="BudgetExceededException">Tracing was ended, because it cost more than it may. What it found is reported.</exception>
    public static EndReason Run(
        ITool tool, ToolRequest request, Schedule schedule, ISink sink, HostClock clock, TracedCommand? command = null, int? output = null)
    {
        if (request.Pid != 0 || command is not null)
        {
            Processes.MustShareNumbers();
        }

        int process = command?.Pid ?? request.Pid;
        request = request with { Stop = clock.Stopping, ProcessTree = command?.Pid ?? 0 };
        try
        {
            using KernelDescriptor? opened = request.Pid != 0 ? Processes.Open(request.Pid, request.Note) : null;
            KernelCalls calls = Kernel.Running.Calls;
            using var watch = new EndWatch(calls, clock, command?.Process ?? opened, command is null ? EndReason.ProcessEnded : EndReason.CommandEnded, output);
            using ITracing tracing = tool.Start(request);
            clock.Restart();
            if (command is not null && clock.IsStopped)
            {
                return ReasonOf(clock);
            }

            string? excess;
            var cost = new BudgetWatch(tracing.ReadCost, request.Budget, Environment.ProcessorCount);
            using ExactCost? exact = request.ExactCost
                ? new(Kernel.Running, [.. tracing.Sources.Select(static source => source.Target)], tracing.ReadCost) : null;
            if (tracing is IEventTracing events)
            {
                events.Begin(sink);
                command?.Resume();
                excess = Follow(events, cost, schedule, tool.Description.Rows?.AreCounted(request.Options) == true, sink, clock);
            }
            else
            {
                var reports = (IReportTracing)tracing;
                sink.Begin(reports.Banner ?? tool.Description.Banner);
                command?.Resume();
                excess = Report(reports, cost, schedule, sink, clock);
            }

            if (cost.Record(clock.Elapsed) is { } record)
            {
                sink.Write(record with { Exact = exact?.Finish() });
            }

            EndReason reason = excess is null ? ReasonOf(clock) : EndReason.OverBudget;
            if (process != 0 || excess is not null)
            {
                sink.Write(new EndRecord(reason.Word(), excess ?? reason.Sentence(process)));
            }

            return excess is null ? reason : throw new BudgetExceededException(excess);
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

    private static EndReason ReasonOf(HostClock clock) => clock.StopReason ?? EndReason.ScheduleOver;

    // Gives what it cost too much; null if it did not.
    private static string? Report(IReportTracing tracing, BudgetWatch cost, Schedule schedule, ISink sink, HostClock clock)
    {
        bool isLast = false;
        string? excess = null;
        for (long reports = 0; !isLast; reports++)
        {
            excess = Wait(tracing, cost, schedule.NextReport(reports), clock);
            isLast = excess is not null || clock.IsStopped || schedule.IsOver(reports + 1, clock.Elapsed);
            sink.BeginInterval(clock.Now);
            tracing.Report(sink);
            if (isLast)
            {
                tracing.ReportEnd(sink);
            }

            sink.EndInterval();
        }

        return excess;
    }

    // Gives the reason to end before that time.
    private static string? Wait(IReportTracing tracing, BudgetWatch cost, TimeSpan? due, HostClock clock)
    {
        if (tracing.Excess is { } before)
        {
            return before;
        }

        if (cost.Pace is not { } pace)
        {
            clock.WaitUntil(due);
            return null;
        }

        while (!clock.IsStopped && (due is null || clock.Elapsed < due))
        {
            TimeSpan next = clock.Elapsed + pace;
            clock.WaitUntil(next > due ? due : next);
            if (cost.FindExcess(clock.Elapsed) is { } excess)
            {
                return excess;
            }
        }

        return null;
    }

    // Gives what it cost too much; null if it did not.
    private static string? Follow(IEventTracing tracing, BudgetWatch cost, Schedule schedule, bool isCounted, ISink sink, HostClock clock)
    {
        bool isLast = false;
        string? excess = null;
        TimeSpan? patience = null;
        long reports = 0;
        while (!isLast)
        {
            TimeSpan next = clock.Elapsed + s_eventPace;
            clock.WaitUntil(next > schedule.Duration ? schedule.Duration : next);
            do
            {
                excess ??= cost.FindExcess(clock.Elapsed);
                isLast = clock.IsStopped || clock.Elapsed >= schedule.Duration || excess is not null;
                if (isLast && clock.StopReason is (EndReason.CommandEnded or EndReason.ProcessEnded) && tracing.IsAboutToShow
                    && clock.Elapsed < (patience ??= clock.Elapsed + s_patience))
                {
                    // What was traced has closed what the other side has still to close.
                    isLast = false;
                    Thread.Sleep(s_eventPace);
                }
            }
            while (tracing.Poll(sink, isLast) && !isLast && !IsDue());

            if (isCounted && (isLast || IsDue()))
            {
                reports++;
                sink.BeginInterval(clock.Now);
                tracing.Report(sink);
                sink.EndInterval();
            }
        }

        bool IsDue() => isCounted && schedule.NextReport(reports) <= clock.Elapsed;

        return excess;
    }
}
