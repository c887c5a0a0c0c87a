using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Histograms;

namespace Fathom.Output.Json;

/// <summary>The records that tools have in common, as <see cref="Sinks.JsonSink"/> writes them.</summary>
public static class JsonRecords
{
    /// <summary>What every record begins with.</summary>
    public static IReadOnlyList<JsonField> Envelope { get; } =
    [
        new("tool", JsonKind.Text, "The tool"),
        new("type", JsonKind.Text, "What the record tells"),
        new("time", JsonKind.Time, "When it happened; of a report, when it was made"),
        new("since_boot_ns", JsonKind.Integer, "The same time in nanoseconds since boot (CLOCK_MONOTONIC, which stands still while the machine is suspended)"),
    ];

    /// <summary>The first record.</summary>
    public static JsonRecord Start { get; } = new(
        "start", "The first record: tracing has begun",
        new("version", JsonKind.Text, "The version of fathom"),
        new("schema", JsonKind.Integer, "The version of the schema: within it fields are added, but never renamed, removed or given another meaning"));

    /// <summary>Something that was lost.</summary>
    public static JsonRecord Loss { get; } = new(
        "loss", "Something was not seen or not counted",
        new("kind", JsonKind.Text, "What was lost, as a word"),
        new("count", JsonKind.Integer, "How often since the last record of this kind"),
        new("text", JsonKind.Text, "What that means for the result, for people"));

    /// <summary>Something that must be known besides.</summary>
    public static JsonRecord Note { get; } = new(
        "note", "What must be known to understand the result",
        new("kind", JsonKind.Text, "What it is about, as a word"),
        new("text", JsonKind.Text, "The words for people"));

    /// <summary>What tracing has cost.</summary>
    public static JsonRecord Cost { get; } = new(
        "cost", "What tracing has cost the machine, at the end",
        new("elapsed_ns", JsonKind.Integer, "How long was traced"),
        new("cpus", JsonKind.Integer, "How many CPUs the machine has"),
        new("cpu_ns", JsonKind.Integer, "Processor time of all programs together, with what the kernel does around them: an estimate"),
        new("programs", JsonKind.Objects, "Each BPF program that ran")
        {
            Fields =
            [
                new("name", JsonKind.Text, "The program"),
                new("runs", JsonKind.Integer, "How often it ran"),
                new("program_ns", JsonKind.Integer, "Processor time of the program itself"),
                new("cpu_ns", JsonKind.Integer, "The same with what the kernel does around it, as far as it is known"),
            ],
        },
        new("exact", JsonKind.Object, "The kernel's own statistics, with --cost=exact")
        {
            IsOptional = true,
            Fields =
            [
                new("elapsed_ns", JsonKind.Integer, "For how long they were on"),
                new("programs", JsonKind.Objects, "Each BPF program that ran meanwhile")
                {
                    Fields =
                    [
                        new("name", JsonKind.Text, "The program"),
                        new("runs", JsonKind.Integer, "How often it ran"),
                        new("kernel_ns", JsonKind.Integer, "Processor time by the kernel, with what measuring takes"),
                        new("statistics_ns", JsonKind.Integer, "What measuring takes of it"),
                        new("program_ns", JsonKind.Integer, "Processor time of the program itself as it measures it"),
                    ],
                },
            ],
        });

    /// <summary>The last record.</summary>
    public static JsonRecord End { get; } = new(
        "end", "The last record, where a process or command was traced, or the budget ended tracing",
        new("reason", JsonKind.Text, "Why tracing ended, as a word"),
        new("text", JsonKind.Text, "The same for people"));

    /// <summary>How often something was counted, by its name.</summary>
    public static JsonRecord Count { get; } = new(
        "count", "How often something happened since the last report",
        new("name", JsonKind.Text, "Its name for people"),
        new("symbol", JsonKind.Text, "Its name as the linker knows it, where that is another") { IsOptional = true },
        new("pid", JsonKind.Integer, "Its number, if it is a process") { IsOptional = true },
        new("count", JsonKind.Integer, "How often"));

    /// <summary>A histogram.</summary>
    /// <param name="keys">What there may be a histogram for each of.</param>
    public static JsonRecord Histogram(params IReadOnlyList<JsonField> keys) => new(
        "histogram", "Durations since the last report",
        [
            Unit,
            new("key", JsonKind.Object, "What the histogram is about; empty if it is about everything") { Fields = AllOptional(keys) },
            .. s_durations,
        ]);

    /// <summary>Durations beside a histogram that does not contain them.</summary>
    /// <param name="type">What programs call them.</param>
    /// <param name="help">What they are.</param>
    public static JsonRecord Summary(string type, string help) => new(type, help, [Unit, .. s_durations]);

    /// <summary>How many rows had the same fields, and what those records leave out.</summary>
    /// <param name="keys">The fields of a row.</param>
    public static IReadOnlyList<JsonRecord> RowCounts(IReadOnlyList<JsonField> keys) =>
    [
        new(
            "count", "With --top or --by, in place of rows: how many had the same fields since the last report, the most frequent first",
            new("key", JsonKind.Object, "The fields that they had in common") { Fields = AllOptional(keys) },
            new("count", JsonKind.Integer, "How many rows; at least so many where the record of type rest names an error")),
        new(
            "rest", "With --top or --by: ends a report, with the rows that its counts leave out",
            new("groups", JsonKind.Integer, "How many groups were less frequent than those"),
            new("count", JsonKind.Integer, "How many rows these had"),
            new("ungrouped", JsonKind.Integer, "How many rows were forgotten, because there were more groups than there is room for"),
            new("error", JsonKind.Integer, "By how much each count may be too low for that; 0 if they are exact")),
    ];

    private static JsonField Unit { get; } = new("unit", JsonKind.Text, "The unit of all durations: ns");

    private static readonly JsonField[] s_bounds =
    [
        new("low_ns", JsonKind.Integer, "The lower bound, included"),
        new("high_ns", JsonKind.Integer, "The upper bound, included; null for none") { IsNullable = true },
    ];

    private static readonly JsonField[] s_durations =
    [
        new("count", JsonKind.Integer, "How many durations"),
        new("sum_ns", JsonKind.Integer, "Their sum"),
        new("max_ns", JsonKind.Integer, "The longest, where there is one; its upper bound if it is not exact") { IsOptional = true },
        new("max_is_exact", JsonKind.Flag, "Whether the longest is exact") { IsOptional = true },
        new("percentiles", JsonKind.Object, "The range that each percentile lies in for certain; those that so few durations do not have are left out")
        {
            Fields =
            [
                .. Percentile.All.Select(static one =>
                    new JsonField(one.Name, JsonKind.Object, $"The percentile of {one.Name[1..]} %") { IsOptional = true, Fields = s_bounds }),
            ],
        },
        new("buckets", JsonKind.Objects, "How many durations lie within which bounds; empty ones are left out")
        {
            Fields = [.. s_bounds, new("count", JsonKind.Integer, "How many durations")],
        },
    ];

    private static IReadOnlyList<JsonField> AllOptional(IReadOnlyList<JsonField> fields) => [.. fields.Select(static field => field with { IsOptional = true })];
}
