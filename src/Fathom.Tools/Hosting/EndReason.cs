namespace Fathom.Tools.Hosting;

/// <summary>Why tracing has ended.</summary>
public enum EndReason
{
    /// <summary>Someone asked for it: Ctrl-C or another signal.</summary>
    Interrupted,
    /// <summary>The time or the number of reports that was given is over.</summary>
    ScheduleOver,
    /// <summary>The command that was traced has ended.</summary>
    CommandEnded,
    /// <summary>The process that was traced has ended.</summary>
    ProcessEnded,
    /// <summary>Whoever read the output has closed it.</summary>
    OutputClosed,
    /// <summary>Tracing cost the machine more than it may.</summary>
    OverBudget,
}
