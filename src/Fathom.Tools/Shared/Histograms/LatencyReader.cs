using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Fathom.Output.Histograms;
using Fathom.Runtime;
using MeasuredTotals = Fathom.Output.Histograms.SlotTotals;

namespace Fathom.Tools.Shared.Histograms;

/// <summary>The user side of <see cref="Latencies"/>: everything that was counted since the start.</summary>
internal sealed class LatencyReader
{
    private SlotTotals[] _values = [];
    private KeyedTotals[] _keyed = [];

    /// <summary>Reads the histograms by key; without keys there is one, of key 0, and none if nothing was counted.</summary>
    /// <param name="probe">The object.</param>
    /// <param name="constants">What it was loaded with.</param>
    public Dictionary<ulong, Histogram> Read(Latencies.ILoaded probe, Latencies.IConstants constants)
    {
        var histograms = new Dictionary<ulong, Histogram>();
        if (!constants.ByKey)
        {
            var all = new Histogram(constants.LatencyUnitNs, LatencyScale.SlotCount);
            ReadInto(all, probe.Totals);
            if (all.Count > 0)
            {
                histograms.Add(0, all);
            }

            return histograms;
        }

        if (constants.ByPlace)
        {
            Array.Resize(ref _keyed, probe.KeyedPlaces.Count * probe.KeyedPlaces.CpuCount);
            probe.KeyedPlaces.ReadAll(_keyed);
        }

        foreach (ref readonly KeyedTotals one in _keyed.AsSpan())
        {
            Add(one.Key, one.Totals);
        }

        foreach ((SlotKey key, PerCpuValues<SlotTotals> values) in probe.Keyed.Read())
        {
            foreach (ref readonly SlotTotals totals in values)
            {
                Add(key, totals);
            }
        }

        return histograms;

        void Add(in SlotKey key, in SlotTotals totals)
        {
            if (totals.Count > 0)
            {
                ref Histogram? histogram = ref CollectionsMarshal.GetValueRefOrAddDefault(histograms, ((ulong)key.High << 32) | key.Low, out _);
                (histogram ??= new(constants.LatencyUnitNs, LatencyScale.SlotCount)).Add((int)key.Slot, Measured(totals));
            }
        }
    }

    /// <summary>Reads one histogram: a map of slots, each with what every CPU has counted there.</summary>
    public void ReadInto(Histogram histogram, BpfPerCpuArray<SlotTotals> map)
    {
        int cpus = map.CpuCount;
        if (_values.Length == 0)
        {
            _values = new SlotTotals[map.Count * cpus];
        }

        map.ReadAll(_values);
        for (int i = 0; i < _values.Length; i++)
        {
            if (_values[i].Count > 0)
            {
                histogram.Add(i / cpus, Measured(_values[i]));
            }
        }
    }

    private static MeasuredTotals Measured(in SlotTotals totals) => MeasuredTotals.Measured(totals.Count, totals.SumNs, totals.MaxNs);
}
