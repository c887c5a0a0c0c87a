using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Sinks;

namespace Fathom.Tools.BioLatency;

/// <summary>Remembers which limits held I/O back while it was traced: they can be set, changed and taken away at any time.</summary>
/// <param name="notes">Says what is to be said of them.</param>
/// <param name="find">Finds what is set now, which means to look into every cgroup.</param>
internal sealed class IoLimitWatch(IoLimitNotes notes, Func<IReadOnlyList<IoLimit>> find)
{
    private readonly List<IoLimit> _seen = [];

    /// <summary>Looks which limits are set: since the last report one has held something back.</summary>
    public void Look() => _seen.AddRange(find().Except(_seen));

    /// <summary>What is to be said at the end.</summary>
    /// <param name="hasHeld">Whether any limit has held anything back.</param>
    public IEnumerable<NoteRecord> AtEnd(bool hasHeld)
    {
        IReadOnlyList<IoLimit> now = find();
        return notes.Of(now, [.. _seen.Except(now)], hasHeld);
    }
}
