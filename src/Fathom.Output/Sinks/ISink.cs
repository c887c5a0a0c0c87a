using System;
using Fathom.Output.Counts;
using Fathom.Output.Histograms;
using Fathom.Output.Rows;

namespace Fathom.Output.Sinks;

/// <summary>Where a tool's results go. A sink knows a format; a tool knows only what it found.</summary>
/// <remarks>
/// The results of an interval come between <see cref="BeginInterval"/> and <see cref="EndInterval"/>. What has been written by the end of
/// an interval is never held back in a buffer. Every method throws <see cref="OutputClosedException"/> once the reader is gone.
/// </remarks>
public interface ISink
{
    /// <summary>Says that tracing has begun.</summary>
    /// <param name="banner">A sentence for people; empty for none.</param>
    void Begin(string banner);

    /// <summary>Begins what is due at a time.</summary>
    void BeginInterval(DateTimeOffset time);

    /// <summary>A histogram.</summary>
    void Write(HistogramRecord record);

    /// <summary>Durations in one line.</summary>
    void Write(SummaryRecord record);

    /// <summary>The average and the total of everything in the interval.</summary>
    /// <param name="all">All durations of the interval together.</param>
    /// <param name="unit">The unit for people.</param>
    void WriteTotals(Histogram all, TimeUnit unit);

    /// <summary>How often each of several things happened in the interval.</summary>
    void Write(CountTable table);

    /// <summary>How many rows of the interval had the same values.</summary>
    void Write(RowCountTable table);

    /// <summary>Durations of several things in the interval.</summary>
    void Write(HistogramTable table);

    /// <summary>Something was lost.</summary>
    void Write(LossRecord record);

    /// <summary>What tracing has cost.</summary>
    void Write(CostRecord record);

    /// <summary>Something beside the result.</summary>
    void Write(NoteRecord record);

    /// <summary>The last record: why nothing more comes. People are told otherwise.</summary>
    void Write(EndRecord record);

    /// <summary>Ends what <see cref="BeginInterval"/> began.</summary>
    void EndInterval();

    /// <summary>Says that tracing has begun, and what the rows will be.</summary>
    /// <typeparam name="T">The row.</typeparam>
    void BeginRows<T>(RowLayout<T> layout)
        where T : allows ref struct;

    /// <summary>A row. It may be held back until <see cref="EndRows"/>.</summary>
    /// <typeparam name="T">The row.</typeparam>
    void WriteRow<T>(RowLayout<T> layout, in T row)
        where T : allows ref struct;

    /// <summary>Writes out what was held back.</summary>
    void EndRows();
}
