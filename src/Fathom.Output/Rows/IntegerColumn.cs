using System.Collections.Generic;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Output.Rows;

/// <summary>A whole number of a row.</summary>
/// <typeparam name="T">The row.</typeparam>
public delegate long IntegerOf<T>(in T row)
    where T : allows ref struct;

/// <summary>A whole number.</summary>
/// <inheritdoc cref="Column{T}"/>
public sealed class IntegerColumn<T>(string name, string header, int width, string help, IntegerOf<T> value) : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Integer, Help)];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to) => to.Append(value(row));

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to) => to.WriteNumber(Name, value(row));
}

/// <summary>A whole number that is shown divided, such as nanoseconds as milliseconds; for programs it stays whole.</summary>
/// <inheritdoc cref="Column{T}"/>
/// <param name="name">Its name in JSON.</param>
/// <param name="header">What stands over it in text.</param>
/// <param name="width">Characters in text.</param>
/// <param name="help">What it means, without a full stop.</param>
/// <param name="divisor">What it is divided by in text.</param>
/// <param name="format">How the quotient is shown, such as <c>F2</c>.</param>
/// <param name="value">The number; negative if it is not known.</param>
public sealed class QuotientColumn<T>(string name, string header, int width, string help, double divisor, string format, IntegerOf<T> value)
    : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Integer, Help) { IsNullable = true }];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to)
    {
        long number = value(row);
        if (number < 0)
        {
            to.Append((byte)'-');
        }
        else
        {
            to.Append(number / divisor, format);
        }
    }

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to)
    {
        long number = value(row);
        if (number < 0)
        {
            to.WriteNull(Name);
        }
        else
        {
            to.WriteNumber(Name, number);
        }
    }
}

/// <summary>Permissions: four octal digits, for programs a number. Negative if there are none: a dash, and null.</summary>
/// <inheritdoc cref="Column{T}"/>
public sealed class OctalColumn<T>(string name, string header, int width, string help, IntegerOf<T> value) : Column<T>(name, header, width, help)
    where T : allows ref struct
{
    /// <inheritdoc/>
    public override IReadOnlyList<JsonField> Fields => [new(Name, JsonKind.Integer, Help) { IsNullable = true }];

    /// <inheritdoc/>
    public override void WriteText(in T row, Utf8Line to)
    {
        long number = value(row);
        if (number < 0)
        {
            to.Append((byte)'-');
            return;
        }

        for (int shift = 9; shift >= 0; shift -= 3)
        {
            to.Append((byte)('0' + ((number >> shift) & 7)));
        }
    }

    /// <inheritdoc/>
    public override void WriteJson(in T row, Utf8JsonWriter to)
    {
        long number = value(row);
        if (number < 0)
        {
            to.WriteNull(Name);
        }
        else
        {
            to.WriteNumber(Name, number);
        }
    }
}
