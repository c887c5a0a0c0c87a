using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>One thing that rows of a kind say. It is declared once and serves every sink.</summary>
/// <typeparam name="T">The row.</typeparam>
/// <param name="name">Its name in JSON; names of times end in <c>_ns</c>.</param>
/// <param name="header">What stands over it in text.</param>
/// <param name="width">Characters in text; negative if the text is at the left. The last column of a row is never filled up.</param>
/// <param name="help">What it means, without a full stop.</param>
public abstract class Column<T>(string name, string header, int width, string help)
    where T : allows ref struct
{
    /// <summary>Its name in JSON.</summary>
    public string Name { get; } = name;

    /// <summary>What stands over it in text.</summary>
    public string Header { get; } = header;

    /// <summary>Characters in text; negative if the text is at the left.</summary>
    public int Width { get; } = width;

    /// <summary>The same where there is room for all of it.</summary>
    public int WideWidth { get; init; } = width;

    /// <summary>What it means, without a full stop.</summary>
    public string Help { get; } = help;

    /// <summary>What <see cref="WriteJson"/> writes; empty for a column that is for people alone.</summary>
    public abstract IReadOnlyList<JsonField> Fields { get; }

    /// <summary>Writes it for people. What came from the traced system is escaped.</summary>
    public abstract void WriteText(in T row, Utf8Line to);

    /// <summary>Writes it for programs: a member of the row's object, or more than one.</summary>
    public abstract void WriteJson(in T row, Utf8JsonWriter to);
}
