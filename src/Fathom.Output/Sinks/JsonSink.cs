using System;
using System.Buffers;
using System.IO;
using System.Text.Json;
using Fathom.Output.Counts;
using Fathom.Output.Histograms;
using Fathom.Output.Json;
using Fathom.Output.Rows;

namespace Fathom.Output.Sinks;

/// <summary>
/// Results for programs: one JSON object in each line (NDJSON), always valid UTF-8. Times are RFC 3339 in UTC, and nanoseconds since boot; durations are
/// whole nanoseconds, and a name that ends in <c>_ns</c> says so. Its records are those of <see cref="JsonRecords"/>: what is written here and what is
/// promised there is compared by tests.
/// </summary>
/// <param name="output">Standard output. It is written to when a line is complete, and never buffers after that.</param>
/// <param name="source">Whose records they are.</param>
/// <param name="clock">The clock of all times; measured by default.</param>
public sealed class JsonSink(Stream output, JsonSource source, RowClock? clock = null) : ISink
{
    private const int FullBuffer = 64 * 1024;

    private readonly OutputStream _output = new(output);
    private readonly ArrayBufferWriter<byte> _line = new(4096);
    private readonly RowClock _clock = clock ??= RowClock.Measure();
    private readonly JsonEnvelope _envelope = new(source, clock);
    private Utf8JsonWriter? _rows;
    private long? _time;

    /// <summary>Writes the first record.</summary>
    public void Begin(string banner)
    {
        _envelope.WriteStart(_line, _clock.NowNs);
        EndRows();
    }

    /// <summary>Begins what is due. All records of an interval have one time, and that is by the clock of rows: one that is set meanwhile is not followed.</summary>
    public void BeginInterval(DateTimeOffset time) => _time = _clock.NowNs;

    /// <inheritdoc/>
    public void Write(HistogramRecord record) => WriteLine("histogram", record, static (json, record) =>
    {
        Histogram histogram = record.Histogram;
        json.WriteString("unit", "ns");
        json.WriteStartObject("key");
        foreach (RecordKey key in record.Keys)
        {
            json.WriteString(key.Name, key.Value);
        }

        json.WriteEndObject();
        WriteDurations(json, histogram);
    });

    /// <inheritdoc/>
    public void Write(SummaryRecord record) => WriteLine(record.Type, record, static (json, record) =>
    {
        json.WriteString("unit", "ns");
        WriteDurations(json, record.Histogram);
    });

    /// <summary>Nothing: each histogram's record has its count and sum already.</summary>
    public void WriteTotals(Histogram all, TimeUnit unit)
    {
    }

    /// <summary>A record for each row.</summary>
    public void Write(CountTable table)
    {
        foreach (CountRow row in table.Rows)
        {
            WriteLine("count", row, static (json, row) =>
            {
                json.WriteString("name", row.Name);
                if (row.Symbol != row.Name)
                {
                    json.WriteString("symbol", row.Symbol);
                }

                if (row.Pid is { } pid)
                {
                    json.WriteNumber("pid", pid);
                }

                json.WriteNumber("count", row.Count);
            });
        }
    }

    /// <summary>A record for each group, and one of what they leave out.</summary>
    public void Write(RowCountTable table)
    {
        foreach (RowCount row in table.Rows)
        {
            WriteLine("count", row, static (json, row) =>
            {
                json.WritePropertyName("key");
                json.WriteRawValue(row.Json, skipInputValidation: true);
                json.WriteNumber("count", row.Count);
            });
        }

        WriteLine("rest", table, static (json, table) =>
        {
            json.WriteNumber("groups", table.OtherGroups);
            json.WriteNumber("count", table.OtherRows);
            json.WriteNumber("ungrouped", table.Forgotten);
            json.WriteNumber("error", table.Error);
        });
    }

    /// <summary>A record for each histogram.</summary>
    public void Write(HistogramTable table)
    {
        foreach (HistogramRecord record in table.Records)
        {
            Write(record);
        }
    }

    /// <inheritdoc/>
    public void Write(LossRecord record) => WriteLine("loss", record, static (json, record) =>
    {
        json.WriteString("kind", record.Kind);
        json.WriteNumber("count", record.Count);
        json.WriteString("text", record.Text);
    });

    /// <inheritdoc/>
    public void Write(CostRecord record) => WriteLine("cost", record, static (json, record) =>
    {
        json.WriteNumber("elapsed_ns", (long)record.Elapsed.TotalNanoseconds);
        json.WriteNumber("cpus", record.Cpus);
        json.WriteNumber("cpu_ns", (long)record.Nanoseconds);
        json.WriteStartArray("programs");
        foreach (ProgramCost program in record.Programs)
        {
            json.WriteStartObject();
            json.WriteString("name", program.Name);
            json.WriteNumber("runs", program.Runs);
            json.WriteNumber("program_ns", (long)(program.Runs * program.NsPerRun));
            json.WriteNumber("cpu_ns", (long)program.Nanoseconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (record.Exact is { } exact)
        {
            json.WriteStartObject("exact");
            json.WriteNumber("elapsed_ns", (long)exact.Elapsed.TotalNanoseconds);
            json.WriteStartArray("programs");
            foreach (ExactProgramCost program in exact.Programs)
            {
                json.WriteStartObject();
                json.WriteString("name", program.Name);
                json.WriteNumber("runs", program.Runs);
                json.WriteNumber("kernel_ns", program.KernelNs);
                json.WriteNumber("statistics_ns", (long)(program.Runs * program.StatisticsNs));
                json.WriteNumber("program_ns", (long)program.Shown);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    });

    /// <inheritdoc/>
    public void Write(NoteRecord record) => WriteLine("note", record, static (json, record) =>
    {
        json.WriteString("kind", record.Kind);
        json.WriteString("text", record.Text);
    });

    /// <inheritdoc/>
    public void Write(EndRecord record) => WriteLine("end", record, static (json, record) =>
    {
        json.WriteString("reason", record.Reason);
        json.WriteString("text", record.Text);
    });

    /// <inheritdoc/>
    public void EndInterval() => _time = null;

    /// <summary>Writes the first record.</summary>
    public void BeginRows<T>(RowLayout<T> layout)
        where T : allows ref struct => Begin("");

    /// <inheritdoc/>
    public void WriteRow<T>(RowLayout<T> layout, in T row)
        where T : allows ref struct
    {
        Utf8JsonWriter json = _rows ??= new Utf8JsonWriter(_line, JsonText.Options);
        _envelope.Begin(json, layout.Type, layout.TimeNs(row));

        // By index: an enumerator of an interface would be allocated for each row.
        for (int i = 0; i < layout.All.Count; i++)
        {
            layout.All[i].WriteJson(row, json);
        }

        json.WriteEndObject();
        json.Flush();
        json.Reset();
        _line.Write("\n"u8);
        if (_line.WrittenCount >= FullBuffer)
        {
            EndRows();
        }
    }

    /// <inheritdoc/>
    public void EndRows()
    {
        if (_line.WrittenCount > 0)
        {
            _output.Write(_line.WrittenSpan);
            _line.ResetWrittenCount();
        }
    }

    private static void WriteDurations(Utf8JsonWriter json, Histogram histogram)
    {
        json.WriteNumber("count", histogram.Count);
        json.WriteNumber("sum_ns", histogram.SumNs);
        WriteMax(json, histogram);
        WritePercentiles(json, histogram);
        WriteBuckets(json, histogram);
    }

    private static void WriteMax(Utf8JsonWriter json, Histogram histogram)
    {
        if (histogram.Count > 0)
        {
            Bounds max = histogram.Max;
            json.WriteNumber("max_ns", max.High);
            json.WriteBoolean("max_is_exact", max.IsExact);
        }
    }

    private static void WritePercentiles(Utf8JsonWriter json, Histogram histogram)
    {
        json.WriteStartObject("percentiles");
        foreach (Percentile percentile in Percentile.All)
        {
            if (percentile.Of(histogram) is { } bounds)
            {
                json.WriteStartObject(percentile.Name);
                WriteBounds(json, bounds);
                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
    }

    private static void WriteBuckets(Utf8JsonWriter json, Histogram histogram)
    {
        json.WriteStartArray("buckets");
        for (int slot = 0; slot < histogram.SlotCount; slot++)
        {
            if (histogram[slot].Count > 0)
            {
                json.WriteStartObject();
                WriteBounds(json, histogram.BoundsOf(slot));
                json.WriteNumber("count", histogram[slot].Count);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    // Both bounds are included. An open end is null.
    private static void WriteBounds(Utf8JsonWriter json, Bounds bounds)
    {
        json.WriteNumber("low_ns", bounds.Low);
        if (bounds.High == ulong.MaxValue)
        {
            json.WriteNull("high_ns");
        }
        else
        {
            json.WriteNumber("high_ns", bounds.High);
        }
    }

    private void WriteLine<T>(string type, T record, Action<Utf8JsonWriter, T> write)
    {
        EndRows();
        _envelope.WriteLine(_line, type, _time ?? _clock.NowNs, record, write);
        EndRows();
    }
}
