using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>A report for programs: one JSON object in each line, whose <c>type</c> is verdict, fact, feature or privilege.</summary>
public static class DoctorJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The report in lines of UTF-8.</summary>
    /// <param name="report">The report.</param>
    /// <param name="time">When it was made.</param>
    public static ReadOnlyMemory<byte> Write(DoctorReport report, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(report);
        var lines = new ArrayBufferWriter<byte>(16 * 1024);
        string moment = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        foreach (ToolFinding tool in report.Tools)
        {
            Line(lines, "verdict", moment, json => WriteTool(json, tool));
        }

        foreach (MachineFact fact in report.Facts)
        {
            Line(lines, "fact", moment, json =>
            {
                json.WriteString("name", fact.Name);
                json.WriteString("value", fact.Value);
                json.WriteString("meaning", fact.Meaning);
            });
        }

        foreach (FeatureFinding finding in report.Features)
        {
            Line(lines, "feature", moment, json => WriteFeature(json, finding));
        }

        foreach (PrivilegeFinding privilege in report.Privileges)
        {
            Line(lines, "privilege", moment, json =>
            {
                Names(json, "missing", privilege.Missing.Names);
                Names(json, "tools", privilege.Tools);
                Names(json, "features", privilege.Features);
            });
        }

        return lines.WrittenMemory;
    }

    private static void WriteTool(Utf8JsonWriter json, ToolFinding tool)
    {
        json.WriteString("name", tool.Name);
        json.WriteBoolean("runs", tool.Examination.Runs);
        json.WriteStartArray("parts");
        foreach (ToolPart part in tool.Examination.Parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            json.WriteBoolean("runs", part.Runs);
            json.WriteStartArray("sources");
            foreach (TraceSource source in part.Sources)
            {
                json.WriteStartObject();
                json.WriteString("way", source.Way);
                json.WriteString("target", source.Target);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            Cause(json, part.Obstacle?.Cause ?? RefusalCause.None);
            json.WriteString("why", part.Obstacle?.Sentence);
            json.WriteString("change", part.Obstacle?.Remedy);
            Names(json, "missing", part.Obstacle?.Missing.Names ?? []);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Names(json, "limits", tool.Examination.Limits);
    }

    private static void WriteFeature(Utf8JsonWriter json, FeatureFinding finding)
    {
        json.WriteString("name", finding.Feature.Name);
        json.WriteString("since", finding.Feature.Since);
        json.WriteString("answer", DoctorText.WordOf(finding.Answer.Support));
        Cause(json, finding.Answer.Cause);
        Names(json, "missing", finding.Answer.Missing.Names);
        json.WriteString("evidence", finding.Answer.Evidence);
    }

    // Null where nothing stands in the way.
    private static void Cause(Utf8JsonWriter json, RefusalCause cause) => json.WriteString("cause", cause == RefusalCause.None ? null : cause.Word());

    private static void Names(Utf8JsonWriter json, string name, IReadOnlyList<string> names)
    {
        json.WriteStartArray(name);
        foreach (string one in names)
        {
            json.WriteStringValue(one);
        }

        json.WriteEndArray();
    }

    private static void Line(ArrayBufferWriter<byte> lines, string type, string moment, Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(lines, s_options))
        {
            json.WriteStartObject();
            json.WriteString("tool", "doctor");
            json.WriteString("type", type);
            json.WriteString("time", moment);
            write(json);
            json.WriteEndObject();
        }

        lines.Write("\n"u8);
    }
}
