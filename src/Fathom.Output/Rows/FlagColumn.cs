using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>Whether something is so for a row.</summary>
/// <typeparam name="T">The row.</typeparam>
public delegate bool FlagOf<T>(in T row)
    where T : allows ref struct;

/// <summary>Yes or no.</summary>
/// <inheritdoc cref="Column{T}"/>
public sealed class FlagColumn<T>(string name, string header, int width, string help, FlagOf<T> value) : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Flag, Help)];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to) => to.Append(value(row) ? "yes"u8 : "no"u8);

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to) => to.WriteBoolean(Name, value(row));
}
