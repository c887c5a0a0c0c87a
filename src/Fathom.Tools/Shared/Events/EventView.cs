using Fathom.Output.Counts;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;

namespace Fathom.Tools.Shared.Events;

/// <summary>How rows are shown: each by itself, or how many had the same fields.</summary>
/// <typeparam name="T">The row.</typeparam>
internal sealed class EventView<T>
    where T : allows ref struct
{
    private readonly RowLayout<T>? _layout;
    private readonly RowCounts<T>? _counts;
    private readonly string _banner = "";

    /// <summary>Each by itself.</summary>
    public EventView(RowLayout<T> layout) => _layout = layout;

    /// <summary>How many there are.</summary>
    /// <param name="counts">Counts them.</param>
    /// <param name="banner">What is printed when tracing has begun.</param>
    public EventView(RowCounts<T> counts, string banner) => (_counts, _banner) = (counts, banner);

    /// <summary>Says what comes.</summary>
    public void Begin(ISink sink)
    {
        if (_layout is not null)
        {
            sink.BeginRows(_layout);
        }
        else
        {
            sink.Begin(_banner);
        }
    }

    /// <summary>Writes a row, or counts it.</summary>
    public void Write(ISink sink, in T row)
    {
        if (_layout is not null)
        {
            sink.WriteRow(_layout, row);
        }
        else
        {
            _counts!.Add(row);
        }
    }

    /// <summary>Writes what was counted since the last report, if rows are counted.</summary>
    public void Report(ISink sink)
    {
        if (_counts is not null)
        {
            sink.Write(_counts.Take());
        }
    }
}
