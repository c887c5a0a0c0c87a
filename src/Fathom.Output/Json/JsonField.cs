using System.Collections.Generic;

namespace Fathom.Output.Json;

/// <summary>What the value of a field is.</summary>
public enum JsonKind
{
    /// <summary>A string.</summary>
    Text,
    /// <summary>A whole number.</summary>
    Integer,
    /// <summary>True or false.</summary>
    Flag,
    /// <summary>A time of day in UTC, as RFC 3339 has it, with nine digits behind the seconds.</summary>
    Time,
    /// <summary>Bytes in base64.</summary>
    Base64,
    /// <summary>A list of strings.</summary>
    Texts,
    /// <summary>An object with <see cref="JsonField.Fields"/>.</summary>
    Object,
    /// <summary>A list of objects, each with <see cref="JsonField.Fields"/>.</summary>
    Objects,
}

/// <summary>A field of a record for programs, as it is promised: within a version of the schema it stays what it is.</summary>
/// <param name="Name">Its name. That of a time span ends in <c>_ns</c>, that of a size in <c>_bytes</c>.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Help">What it means, without a full stop.</param>
public sealed record JsonField(string Name, JsonKind Kind, string Help)
{
    /// <summary>Whether it can be null, for what is not known or is not there.</summary>
    public bool IsNullable { get; init; }

    /// <summary>Whether a record can be without it.</summary>
    public bool IsOptional { get; init; }

    /// <summary>The fields of an object, or of each object of a list.</summary>
    public IReadOnlyList<JsonField> Fields { get; init; } = [];
}

/// <summary>A kind of record for programs: an object in a line.</summary>
/// <param name="Type">Its <c>type</c>.</param>
/// <param name="Help">What it tells, without a full stop.</param>
/// <param name="Fields">What it has besides <see cref="JsonRecords.Envelope"/>.</param>
public sealed record JsonRecord(string Type, string Help, params IReadOnlyList<JsonField> Fields);
