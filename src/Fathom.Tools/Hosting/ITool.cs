using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;

namespace Fathom.Tools.Hosting;

/// <summary>
/// A tool: it says what it is, begins to trace when asked, and hands over what is due. It never prints, parses arguments, handles
/// signals or keeps time itself.
/// </summary>
public interface ITool
{
    /// <summary>What it is and which options it has.</summary>
    ToolDescription Description { get; }

    /// <summary>What is asked that needs no tracing, such as a list of names: the answer, with the end of its last line. Null if tracing is.</summary>
    string? Answer(ToolRequest request) => null;

    /// <summary>Loads and attaches what the request needs. If that fails, nothing stays attached.</summary>
    /// <param name="request">What was asked for.</param>
    /// <returns>What is traced from now on, until it is disposed of: an <see cref="IReportTracing"/> or an <see cref="IEventTracing"/>.</returns>
    /// <exception cref="CannotRunException">It cannot run; the message says why and what to do.</exception>
    ITracing Start(ToolRequest request);

    /// <summary>
    /// Says whether it would run on the running kernel, by which sources, and with which limits. By default it is started with what it traces
    /// without options, and ended at once: nothing else can be trusted to agree with the tool. Verifying is where it fails or not; to attach what is
    /// verified takes less than a millisecond (tracepoints by BTF), and some refusals come only then. A tool that must be told what to trace answers
    /// in parts, one for each kind of thing (<see cref="ToolPart.Try"/>).
    /// </summary>
    /// <returns>The answer; that it cannot run is no exception.</returns>
    ToolExamination Examine() => ToolExamination.ByStarting(this);
}

/// <summary>A tool at work.</summary>
public interface ITracing : IDisposable
{
    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources => [];

    /// <summary>What each of its programs has cost since the start; null if that is not measured.</summary>
    IReadOnlyList<ProgramCost>? ReadCost() => null;
}

/// <summary>A tool at work that sums up: it has something to say when a report is due.</summary>
public interface IReportTracing : ITracing
{
    /// <summary>What is printed when tracing has begun; null for what the tool's description says.</summary>
    string? Banner => null;

    /// <summary>
    /// That tracing cost more than its budget while it began, one sentence; null if it did not, or was only watched from then on.
    /// </summary>
    string? Excess => null;

    /// <summary>Writes what happened since the last report, or since the start.</summary>
    void Report(ISink sink);

    /// <summary>Writes what remains to be said after the last report.</summary>
    void ReportEnd(ISink sink)
    {
    }
}

/// <summary>A tool at work that shows each event.</summary>
public interface IEventTracing : ITracing
{
    /// <summary>
    /// Whether something that has happened already will be an event soon: then it is worth waiting for a moment when what is traced has ended.
    /// </summary>
    bool IsAboutToShow => false;

    /// <summary>Says what the rows will be.</summary>
    void Begin(ISink sink);

    /// <summary>Writes the events that have come, and what was lost.</summary>
    /// <param name="sink">Where they go.</param>
    /// <param name="isLast">Whether it is the end: nothing more is traced then, and nothing held back.</param>
    /// <returns>Whether events come so fast that the next call should follow at once.</returns>
    bool Poll(ISink sink, bool isLast);

    /// <summary>Writes what it has counted since the last report, if it was asked to count rows in place of writing them.</summary>
    void Report(ISink sink)
    {
    }
}
