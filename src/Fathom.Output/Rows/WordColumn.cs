using System;
using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>A word of a row, one of a few; null if there is none.</summary>
/// <typeparam name="T">The row.</typeparam>
public delegate string? WordOf<T>(in T row)
    where T : allows ref struct;

/// <summary>A word of our own, which is not escaped; where there is none, people see a dash and programs null.</summary>
/// <inheritdoc cref="Column{T}"/>
public sealed class WordColumn<T>(string name, string header, int width, string help, WordOf<T> value) : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Text, Help) { IsNullable = true }];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to) => to.Append((value(row) ?? "-").AsSpan());

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to) => to.WriteString(Name, value(row));
}
