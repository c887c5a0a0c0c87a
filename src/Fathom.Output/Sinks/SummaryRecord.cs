using Fathom.Output.Histograms;

namespace Fathom.Output.Sinks;

/// <summary>Durations that are told in one line, beside a histogram that does not contain them.</summary>
/// <param name="Type">What they are, for programs, such as <c>held</c>.</param>
/// <param name="Title">What they are, for people.</param>
/// <param name="Things">What is counted, for people: a plural, such as <c>waits</c>.</param>
/// <param name="Histogram">The durations. A sink for people writes nothing if there are none.</param>
public sealed record SummaryRecord(string Type, string Title, string Things, Histogram Histogram);
