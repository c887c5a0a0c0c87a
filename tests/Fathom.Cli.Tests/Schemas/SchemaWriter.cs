using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fathom.Output.Json;

namespace Fathom.Cli.Tests.Schemas;

/// <summary>Makes a JSON schema (2020-12) of the records that a tool declares.</summary>
internal static class SchemaWriter
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema of a line of output, as it is checked in.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="version">The version of its schema.</param>
    /// <param name="records">Its records.</param>
    public static string Write(string tool, int version, IReadOnlyList<JsonRecord> records)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_options))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", $"A line of fathom {tool} --json");
            json.WriteString("description", $"Version {version}. Further fields and records may be added to it: ignore those that are not known.");
            json.WriteStartArray("oneOf");
            foreach (JsonRecord record in records)
            {
                json.WriteStartObject();
                json.WriteString("$ref", "#/$defs/" + record.Type);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("$defs");
            foreach (JsonRecord record in records)
            {
                json.WriteStartObject(record.Type);
                json.WriteString("description", record.Help + ".");
                Fields(json, [.. JsonRecords.Envelope, .. record.Fields], field => field.Name switch
                {
                    "tool" => tool,
                    "type" => record.Type,
                    "schema" when record == JsonRecords.Start => version,
                    _ => null,
                });
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void Fields(Utf8JsonWriter json, IReadOnlyList<JsonField> fields, Func<JsonField, object?>? fixedValue = null)
    {
        json.WriteString("type", "object");
        json.WriteStartArray("required");
        foreach (JsonField field in fields.Where(static field => !field.IsOptional))
        {
            json.WriteStringValue(field.Name);
        }

        json.WriteEndArray();
        json.WriteStartObject("properties");
        foreach (JsonField field in fields)
        {
            json.WriteStartObject(field.Name);
            json.WriteString("description", field.Help + ".");
            if (fixedValue?.Invoke(field) is { } value)
            {
                json.WritePropertyName("const");
                JsonSerializer.Serialize(json, value);
            }
            else
            {
                Kind(json, field);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Kind(Utf8JsonWriter json, JsonField field)
    {
        if (field.Kind == JsonKind.Object)
        {
            Fields(json, field.Fields);
            return;
        }

        Type(json, field.Kind switch
        {
            JsonKind.Integer => "integer",
            JsonKind.Flag => "boolean",
            JsonKind.Texts or JsonKind.Objects => "array",
            _ => "string",
        }, field.IsNullable);
        switch (field.Kind)
        {
            case JsonKind.Time:
                json.WriteString("pattern", @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$");
                break;
            case JsonKind.Base64:
                json.WriteString("contentEncoding", "base64");
                break;
            case JsonKind.Texts or JsonKind.Objects:
                json.WriteStartObject("items");
                if (field.Kind == JsonKind.Texts)
                {
                    Type(json, "string", isNullable: false);
                }
                else
                {
                    Fields(json, field.Fields);
                }

                json.WriteEndObject();
                break;
        }
    }

    private static void Type(Utf8JsonWriter json, string type, bool isNullable)
    {
        if (!isNullable)
        {
            json.WriteString("type", type);
            return;
        }

        json.WriteStartArray("type");
        json.WriteStringValue(type);
        json.WriteStringValue("null");
        json.WriteEndArray();
    }
}
