using System.Collections.Generic;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Testing.Tests;

/// <summary>The histograms by key, wherever a slot has found its place.</summary>
internal static class KeyedSlots
{
    public static Dictionary<SlotKey, SlotTotals> Of(BpfTest bpf)
    {
        var slots = new Dictionary<SlotKey, SlotTotals>();
        var places = bpf.Map<uint, KeyedTotals>(nameof(Latencies.KeyedPlaces));
        for (uint i = 0; i < places.Count; i++)
        {
            if (places[i].IsTaken != 0)
            {
                slots.Add(places[i].Key, places[i].Totals);
            }
        }

        foreach ((SlotKey key, SlotTotals totals) in bpf.Map<SlotKey, SlotTotals>(nameof(Latencies.Keyed)))
        {
            slots.Add(key, totals);
        }

        return slots;
    }
}
