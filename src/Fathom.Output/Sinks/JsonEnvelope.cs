using System;
using System.Buffers;
using System.Text.Json;
using Fathom.Output.Json;
using Fathom.Output.Rows;

namespace Fathom.Output.Sinks;

/// <summary>Whose records they are, and by which promise: the first record says it, and each carries the tool's name.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Version">The version of the program.</param>
/// <param name="Schema">The version of the tool's schema.</param>
public sealed record JsonSource(string Tool, string Version, int Schema);

/// <summary>Records for programs: one JSON object in each line, which begin with <see cref="JsonRecords.Envelope"/>.</summary>
/// <param name="source">Whose they are.</param>
/// <param name="clock">The clock of their times.</param>
public sealed class JsonEnvelope(JsonSource source, RowClock clock)
{
    private readonly byte[] _timestamp = new byte[30];

    /// <summary>Begins a record.</summary>
    /// <param name="json">Where.</param>
    /// <param name="type">Its type.</param>
    /// <param name="timeNs">Its time, in ns since boot.</param>
    public void Begin(Utf8JsonWriter json, string type, long timeNs)
    {
        json.WriteStartObject();
        json.WriteString("tool", source.Tool);
        json.WriteString("type", type);
        clock.WriteTimestamp(timeNs, _timestamp);
        json.WriteString("time", _timestamp);
        json.WriteNumber("since_boot_ns", timeNs);
    }

    /// <summary>Writes a record as a line.</summary>
    /// <param name="to">Where.</param>
    /// <param name="type">Its type.</param>
    /// <param name="timeNs">Its time, in ns since boot.</param>
    /// <param name="record">What it tells.</param>
    /// <param name="write">Writes its fields.</param>
    public void WriteLine<T>(IBufferWriter<byte> to, string type, long timeNs, T record, Action<Utf8JsonWriter, T> write)
    {
        using (var json = new Utf8JsonWriter(to, JsonText.Options))
        {
            Begin(json, type, timeNs);
            write(json, record);
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    /// <summary>Writes the first record.</summary>
    /// <param name="to">Where.</param>
    /// <param name="timeNs">When tracing began, in ns since boot.</param>
    public void WriteStart(IBufferWriter<byte> to, long timeNs) => WriteLine(to, JsonRecords.Start.Type, timeNs, source, static (json, source) =>
    {
        json.WriteString("version", source.Version);
        json.WriteNumber("schema", source.Schema);
    });
}
