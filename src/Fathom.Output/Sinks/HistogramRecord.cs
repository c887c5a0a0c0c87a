using System.Collections.Generic;
using Fathom.Output.Histograms;

namespace Fathom.Output.Sinks;

/// <summary>What a histogram is about, besides its tool: a name and a value, such as <c>disk = vda</c>.</summary>
/// <param name="Name">The name, a plain word.</param>
/// <param name="Value">The value as it came from the traced system; a sink escapes it.</param>
public readonly record struct RecordKey(string Name, string Value);

/// <summary>A histogram to be shown.</summary>
/// <param name="Histogram">The durations.</param>
/// <param name="Unit">The unit of its powers of two in text.</param>
/// <param name="Keys">What it is about; empty if it is about everything.</param>
public sealed record HistogramRecord(Histogram Histogram, TimeUnit Unit, IReadOnlyList<RecordKey> Keys);
