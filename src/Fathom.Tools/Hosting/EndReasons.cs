using System;
using System.Globalization;

namespace Fathom.Tools.Hosting;

/// <summary>The reasons in words.</summary>
public static class EndReasons
{
    /// <summary>The reason for programs.</summary>
    public static string Word(this EndReason reason) => reason switch
    {
        EndReason.Interrupted => "interrupted",
        EndReason.ScheduleOver => "schedule-over",
        EndReason.CommandEnded => "command-ended",
        EndReason.ProcessEnded => "process-ended",
        EndReason.OutputClosed => "output-closed",
        EndReason.OverBudget => "over-budget",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    /// <summary>The reason for people, as a sentence without its full stop.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="process">The process that was traced; 0 for none.</param>
    public static string Sentence(this EndReason reason, int process) => reason switch
    {
        EndReason.Interrupted => "the end of tracing was asked for",
        EndReason.ScheduleOver => "the time or number of reports that was given is over",
        EndReason.CommandEnded => string.Create(CultureInfo.InvariantCulture, $"the command (process {process}) has ended"),
        EndReason.ProcessEnded => string.Create(CultureInfo.InvariantCulture, $"process {process} has ended"),
        EndReason.OutputClosed => "nobody reads the output any more",
        EndReason.OverBudget => "tracing cost the machine more than it may",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };
}
