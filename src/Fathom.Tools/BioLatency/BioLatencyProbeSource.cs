using System;
using System.Collections.Generic;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;
using MeasuredTotals = Fathom.Output.Histograms.SlotTotals;

namespace Fathom.Tools.BioLatency;

/// <summary>The probe in the kernel, attached.</summary>
internal sealed class BioLatencyProbeSource : IBioLatencySource
{
    private readonly BioLatencyProbe.Loaded _probe;
    private readonly LinkSet _links;
    private SlotTotals[] _values = [];

    private BioLatencyProbeSource(BioLatencyProbe.Loaded probe, LinkSet links)
    {
        _probe = probe;
        _links = links;
    }

    private BioLatencyProbe.Constants Constants => _probe.Constants;

    /// <summary>Loads and attaches the probe.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="constants">What it measures.</param>
    /// <param name="filter">Which submitters count.</param>
    /// <exception cref="BpfException">The kernel refuses it. Nothing is left behind.</exception>
    public static BioLatencyProbeSource Start(Kernel kernel, BioLatencyProbe.Constants constants, TaskFilterSetup filter)
    {
        BioLatencyProbe.Loaded probe = BioLatencyProbe.Load(kernel, constants);
        return ProbeStart.Run(
            probe,
            filter.Fill,
            links =>
            {
                // Completions are attached before starts: what completed in between was not in flight when tracing began.
                probe.Unstarted = 0;
                return new BioLatencyProbeSource(probe, links);
            });
    }

    /// <inheritdoc/>
    public IReadOnlyList<TraceSource> Sources => ProbeStart.SourcesOf(_links);

    /// <inheritdoc/>
    public IReadOnlyList<ProgramCost>? ReadCost() => CostMeter.Read(_probe);

    /// <inheritdoc/>
    public BioLatencyReading Read()
    {
        var reading = new BioLatencyReading(Constants.UnitNs, BioLatencyMode.SlotCount);
        if (Constants.IsKeyed)
        {
            foreach ((SlotKey key, PerCpuValues<SlotTotals> values) in _probe.Keyed.Read())
            {
                foreach (ref readonly SlotTotals totals in values)
                {
                    Add(reading, new(key.Device, key.Flags), (int)key.Slot, totals);
                }
            }
        }
        else
        {
            ReadTotals(reading);
        }

        if (Constants.Queued)
        {
            ReadHeld(reading);
        }

        reading.Losses.AddRange(_probe.ReadLosses());
        return reading;
    }

    /// <inheritdoc/>
    public ulong CountUnfinished()
    {
        long count = 0;
        ReadOnlySpan<InFlight> places = _probe.Places;
        foreach (ref readonly InFlight place in places)
        {
            count += (long)(place.Begun - place.Ended);
        }

        // Two CPUs that begin at one place in the same nanoseconds may count as one.
        return (ulong)long.Max(0, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _links.Dispose();
        _probe.Dispose();
    }

    private static void Add(BioLatencyReading reading, BioLatencyKey key, int slot, in SlotTotals totals)
    {
        if (totals.Count > 0)
        {
            reading.Add(key, slot, MeasuredTotals.Measured(totals.Count, totals.SumNs, totals.MaxNs));
        }
    }

    private void ReadTotals(BioLatencyReading reading)
    {
        foreach ((int slot, MeasuredTotals totals) in ReadSlots(_probe.Totals))
        {
            reading.Add(default, slot, totals);
        }
    }

    // What is in a slot, once for each CPU that has counted there.
    private IEnumerable<(int Slot, MeasuredTotals Totals)> ReadSlots(BpfPerCpuArray<SlotTotals> map)
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
                yield return (i / cpus, MeasuredTotals.Measured(_values[i].Count, _values[i].SumNs, _values[i].MaxNs));
            }
        }
    }

    private void ReadHeld(BioLatencyReading reading)
    {
        foreach ((int slot, MeasuredTotals totals) in ReadSlots(_probe.HeldTotals))
        {
            reading.Held.Add(slot, totals);
        }

        // Each of these was read before what it is compared with could grow.
        reading.HeldBios = _probe.HeldBios;
        ulong waitedFor = _probe.HeldWaitedFor;
        ulong completed = _probe.HeldCompleted;
        if (Constants.BySubmitter)
        {
            reading.Losses.Add(new(
                "held", _probe.HeldBios, "bios of any process that an I/O limit held back: a kernel thread submits them later, so their requests do not count for -p, --comm, -c or -- COMMAND"));
        }
        else
        {
            reading.Losses.Add(new(
                "held-unmeasured", completed - ulong.Min(waitedFor, completed), "bios that an I/O limit held back for a time that is not known, because no task slept for just that one"));
        }
    }
}
