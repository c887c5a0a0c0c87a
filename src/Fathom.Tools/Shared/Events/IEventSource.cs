using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared.Events;

/// <summary>The kernel side of a tool that shows each event.</summary>
internal interface IEventSource : IDisposable
{
    /// <summary>What is attached.</summary>
    IReadOnlyList<TraceSource> Sources => [];

    /// <summary>What each of its programs has cost since the start; null if that is not measured.</summary>
    IReadOnlyList<ProgramCost>? ReadCost() => null;

    /// <summary>Whether events come so fast that they should be taken again at once.</summary>
    bool IsPressing { get; }

    /// <summary>Ends tracing: nothing comes after what is there already.</summary>
    void Detach();

    /// <summary>Takes the records that wait; those taken before are gone.</summary>
    /// <param name="isLast">Whether nothing can follow any more.</param>
    /// <returns>How many there were.</returns>
    int Take(bool isLast);

    /// <summary>The next record, in the order of time.</summary>
    bool TryNext(out ReadOnlySpan<byte> record);

    /// <summary>What was lost since the start.</summary>
    IEnumerable<Loss> ReadLosses();
}
