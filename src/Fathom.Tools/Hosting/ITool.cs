using System;
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

    /// <summary>Loads and attaches what the request needs. If that fails, nothing stays attached.</summary>
    /// <param name="request">What was asked for.</param>
    /// <returns>What is traced from now on, until it is disposed of.</returns>
    /// <exception cref="CannotRunException">It cannot run; the message says why and what to do.</exception>
    ITracing Start(ToolRequest request);
}

/// <summary>A tool at work.</summary>
public interface ITracing : IDisposable
{
    /// <summary>Writes what happened since the last report, or since the start.</summary>
    void Report(ISink sink);

    /// <summary>Writes what remains to be said after the last report.</summary>
    void ReportEnd(ISink sink)
    {
    }
}
