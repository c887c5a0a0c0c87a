using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;
using Fathom.Output.Rows;
using Fathom.Output.Sinks;
using Fathom.Runtime;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Doctor;

/// <summary>A report for programs: one JSON object in each line, whose <c>type</c> is verdict, fact, feature or privilege.</summary>
public static class DoctorJson
{
    /// <summary>The name of the command, in each record.</summary>
    public const string Name = "doctor";

    /// <summary>The version of the schema of <see cref="Records"/>.</summary>
    public const int SchemaVersion = 1;

    private static readonly JsonField s_cause = new("cause", JsonKind.Text, "Why not, as a word; null where nothing stands in the way") { IsNullable = true };

    /// <summary>The records.</summary>
    public static IReadOnlyList<JsonRecord> Records { get; } =
    [
        JsonRecords.Start,
        new(
            "verdict", "A tool, started and ended",
            new("name", JsonKind.Text, "The tool"),
            new("runs", JsonKind.Flag, "Whether it runs, at least in part"),
            new("parts", JsonKind.Objects, "What it can watch, one at least")
            {
                Fields =
                [
                    new("name", JsonKind.Text, "What is watched; empty for a tool that has one part"),
                    new("runs", JsonKind.Flag, "Whether it can be"),
                    new("sources", JsonKind.Objects, "What would be attached")
                    {
                        Fields = [new("way", JsonKind.Text, "How it is attached"), new("target", JsonKind.Text, "To what")],
                    },
                    s_cause,
                    new("why", JsonKind.Text, "What the tool itself would say; null if it runs") { IsNullable = true },
                    new("change", JsonKind.Text, "What to change; null if it runs") { IsNullable = true },
                    new("missing", JsonKind.Texts, "The capabilities that the process lacks, if that is the cause"),
                ],
            },
            new("limits", JsonKind.Texts, "What it cannot do here, a sentence each")),
        new(
            "fact", "What decides what can be traced",
            new("name", JsonKind.Text, "What it is about"), new("value", JsonKind.Text, "What was found"), new("meaning", JsonKind.Text, "What that means; may be empty")),
        new(
            "feature", "A feature of the kernel, tried",
            new("name", JsonKind.Text, "The feature"),
            new("since", JsonKind.Text, "The version of Linux that it came with"),
            new("answer", JsonKind.Text, "yes, no or unknown"),
            s_cause,
            new("missing", JsonKind.Texts, "The capabilities that it takes to try it"),
            new("evidence", JsonKind.Text, "What was tried, and the answer")),
        new(
            "privilege", "What could be tried with more privileges",
            new("missing", JsonKind.Texts, "The capabilities"),
            new("tools", JsonKind.Texts, "Tools that lack exactly these"),
            new("features", JsonKind.Texts, "Features that lack exactly these")),
    ];

    /// <summary>The report in lines of UTF-8.</summary>
    /// <param name="report">The report.</param>
    /// <param name="version">The version of the program.</param>
    /// <param name="clock">The clock.</param>
    public static ReadOnlyMemory<byte> Write(DoctorReport report, string version, RowClock clock)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(clock);
        var lines = new ArrayBufferWriter<byte>(16 * 1024);
        var envelope = new JsonEnvelope(new(Name, version, SchemaVersion), clock);
        long time = clock.NowNs;
        void Line(string type, Action<Utf8JsonWriter> write) => envelope.WriteLine(lines, type, time, write, static (json, write) => write(json));
        envelope.WriteStart(lines, time);
        foreach (ToolFinding tool in report.Tools)
        {
            Line("verdict", json => WriteTool(json, tool));
        }

        foreach (MachineFact fact in report.Facts)
        {
            Line("fact", json =>
            {
                json.WriteString("name", fact.Name);
                json.WriteString("value", fact.Value);
                json.WriteString("meaning", fact.Meaning);
            });
        }

        foreach (FeatureFinding finding in report.Features)
        {
            Line("feature", json => WriteFeature(json, finding));
        }

        foreach (PrivilegeFinding privilege in report.Privileges)
        {
            Line("privilege", json =>
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
}
