using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;

namespace Fathom.Tools.Shared.Events;

/// <summary>Says what has been lost since the report before.</summary>
internal sealed class LossReport
{
    private readonly Dictionary<string, ulong> _said = new(StringComparer.Ordinal);

    /// <summary>Writes each loss that has grown, with what it has grown by.</summary>
    public void Write(ISink sink, IEnumerable<Loss> losses)
    {
        foreach (Loss loss in losses)
        {
            ulong before = _said.GetValueOrDefault(loss.Kind);
            if (loss.Count > before)
            {
                sink.Write(new LossRecord(loss.Kind, loss.Count - before, loss.Text));
                _said[loss.Kind] = loss.Count;
            }
        }
    }
}
