using System;
using System.Collections.Generic;
using Fathom.Runtime;

namespace Fathom.Tools.Shared.Counts;

/// <summary>The user side of <see cref="Occurrences"/>: everything that was counted since the start.</summary>
internal sealed class CountReader
{
    private ulong[] _values = [];
    private KeyedCount[] _keyed = [];

    /// <summary>Reads the counts by number or key, without zeros.</summary>
    /// <param name="probe">The object.</param>
    /// <param name="byKey">Whether things have keys.</param>
    public Dictionary<ulong, ulong> Read(Occurrences.ILoaded probe, bool byKey)
    {
        var counts = new Dictionary<ulong, ulong>();
        if (byKey)
        {
            Array.Resize(ref _keyed, probe.KeyedCounts.Count * probe.KeyedCounts.CpuCount);
            probe.KeyedCounts.ReadAll(_keyed);
            foreach (KeyedCount one in _keyed)
            {
                Add(one.Key, one.Count);
            }

            foreach ((ulong key, PerCpuValues<ulong> values) in probe.MoreKeyedCounts.Read())
            {
                foreach (ref readonly ulong value in values)
                {
                    Add(key, value);
                }
            }

            return counts;
        }

        BpfPerCpuArray<ulong> map = probe.NumberedCounts;
        Array.Resize(ref _values, map.Count * map.CpuCount);
        map.ReadAll(_values);
        for (int i = 0; i < _values.Length; i++)
        {
            Add((ulong)(i / map.CpuCount), _values[i]);
        }

        return counts;

        void Add(ulong key, ulong count)
        {
            if (count > 0)
            {
                counts[key] = counts.GetValueOrDefault(key) + count;
            }
        }
    }
}
