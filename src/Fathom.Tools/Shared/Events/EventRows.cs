using System.Collections;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Counts;
using Fathom.Output.Json;
using Fathom.Output.Rows;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared.Events;

/// <summary>
/// The rows of a tool, declared once: columns with what shows them. Help, JSON with its schema, and what rows can be counted by come of that. The time of
/// day and the seconds are columns of every tool.
/// </summary>
/// <typeparam name="T">The row.</typeparam>
/// <param name="type">What programs call a row.</param>
/// <param name="help">What a row is, without a full stop.</param>
/// <param name="timeNs">When it happened, in ns since boot.</param>
/// <param name="seconds">The option that shows the seconds since the first row.</param>
/// <param name="width">How wide the column of the seconds is.</param>
/// <param name="format">How they are written, such as <c>F3</c>.</param>
/// <param name="csv">The option that separates columns by commas; null for none.</param>
/// <param name="wide">The option that gives columns their <see cref="Column{T}.WideWidth"/>; null for none.</param>
internal sealed class EventRows<T>(
    string type, string help, IntegerOf<T> timeNs, Flag seconds, int width, string format, Flag? csv = null, Flag? wide = null)
    : IEventRows, IEnumerable<Column<T>>
    where T : allows ref struct
{
    // Every row has a process.
    private const string UsualField = "comm";
    private const int UsualCount = 10;

    private static readonly Option<int> s_top = new(
        "--top", '\0', WholeNumber.Between("COUNT", 1), "Count rows in place of printing them, and show the so many most frequent; 10 with --by.", UsualCount);

    private readonly List<Declared> _columns = [];

    /// <inheritdoc/>
    public IReadOnlyList<ColumnDescription> Columns =>
    [
        new("TIME", "time", "The time of day", "with --timestamp"),
        new("TIME(s)", null, "The seconds since the first row", Shown.With(seconds).When),
        .. _columns.GroupBy(static one => one.Column.Header).Select(static group => new ColumnDescription(
            group.Key,
            group.FirstOrDefault(static one => one.Column.Fields.Count > 0)?.Column.Name,
            group.First().Column.Help,
            group.Count() > 1 ? "" : group.First().Shown.When)),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<JsonRecord> Records
    {
        get
        {
            IReadOnlyList<JsonField> fields = [.. _columns.SelectMany(static one => one.Column.Fields)];
            return [new(type, help, fields), .. JsonRecords.RowCounts(fields)];
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ToolOption> Options => [s_top, By];

    private Option<IReadOnlyList<string>> By => field ??= new(
        "--by", '\0', ListOf.Kind(Field), $"The fields that rows are counted by, separated by commas; {UsualField} with --top.", [UsualField]);

    private ValueKind<string> Field
    {
        get
        {
            string[] names = [.. Fields.Select(static column => column.Name)];
            return new("FIELD", (_, text) => names.Contains(text) ? text
                : throw new UsageException($"there is no field '{text}': the fields are {string.Join(", ", names)}"))
            {
                Completion = new(CompletionSource.Words, names),
            };
        }
    }

    private IEnumerable<Column<T>> Fields => _columns.Select(static one => one.Column).Where(static column => column.Fields.Count > 0);

    /// <summary>Declares a column that people always see.</summary>
    public void Add(Column<T> column) => Add(column, Shown.Always);

    /// <summary>Declares a column.</summary>
    public void Add(Column<T> column, Shown shown) => _columns.Add(new(column, shown));

    /// <inheritdoc/>
    public bool AreCounted(OptionValues given) => given.Has(s_top) || given.Has(By);

    /// <summary>How rows are shown.</summary>
    /// <param name="request">What was asked for.</param>
    public EventView<T> View(ToolRequest request)
    {
        bool isCsv = csv is not null && request.Has(csv);
        if (AreCounted(request.Options))
        {
            IReadOnlyList<string> by = request.Get(By)!;
            Column<T>[] columns = [.. by.Distinct().Select(name => Fields.First(column => column.Name == name))];
            string banner = isCsv ? "" : $"Counting by {string.Join(", ", by)}... Hit Ctrl-C to end.";
            return new(new RowCounts<T>(columns, request.Get(s_top)) { CommaSeparated = isCsv }, banner);
        }

        return new(new RowLayout<T>
        {
            Type = type,
            TimeNs = timeNs,
            Text =
            [
                .. request.Timestamps ? [new TimeOfDayColumn<T>(-8, RowClocks.Measure(), timeNs)] : (IEnumerable<Column<T>>)[],
                .. request.Has(seconds) ? [new SecondsColumn<T>(width, format, timeNs)] : (IEnumerable<Column<T>>)[],
                .. _columns.Where(one => one.Shown.By(request)).Select(static one => one.Column),
            ],
            All = [.. Fields],
            CommaSeparated = isCsv,
            IsWide = wide is not null && request.Has(wide),
        });
    }

    /// <inheritdoc/>
    public IEnumerator<Column<T>> GetEnumerator() => _columns.Select(static one => one.Column).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // A class: with a value, native code would have all of LINQ once more for each tool.
    private sealed record Declared(Column<T> Column, Shown Shown);
}
