using System.Collections.Generic;
using Fathom.Output.Histograms;

namespace Fathom.Output.Sinks;

/// <summary>Histograms as lines of a table. Programs get the histograms, all of them.</summary>
/// <param name="Header">What they are about, as the head of the column.</param>
/// <param name="Unit">The unit of the total time.</param>
/// <param name="Records">The histograms, in the order in which they are shown.</param>
public sealed record HistogramTable(string Header, TimeUnit Unit, IReadOnlyList<HistogramRecord> Records)
{
    /// <summary>How many lines people are shown, and how many there are besides; null for all.</summary>
    public int? Top { get; init; }
}
