using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Xunit;

namespace Fathom.Tools.Tests.EveryTool;

/// <summary>The schema of a tool as it is checked in, read strictly: what is not documented is a mistake, though readers are told to ignore it.</summary>
internal sealed class StrictSchema
{
    private readonly string _tool;
    private readonly Dictionary<string, JsonSchema> _records = [];

    public StrictSchema(string tool)
    {
        _tool = tool;
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Programs.Fathom)!, "docs/json", tool + ".json")))!;
        foreach ((string type, JsonNode? record) in schema["$defs"]!.AsObject())
        {
            Close(record!);
            _records.Add(type, JsonSchema.FromText(record!.ToJsonString()));
        }
    }

    /// <summary>The records of an output, each of which must be what the schema says.</summary>
    public List<JsonElement> Read(string output)
    {
        List<JsonElement> records = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
        foreach (JsonElement record in records)
        {
            string type = record.GetProperty("type").GetString()!;
            Assert.True(_records.TryGetValue(type, out JsonSchema? schema), $"docs/json/{_tool}.json has no record '{type}': {record}");
            EvaluationResults results = schema!.Evaluate(record, new EvaluationOptions { OutputFormat = OutputFormat.List });
            Assert.True(results.IsValid, $"docs/json/{_tool}.json does not allow {record}: {string.Join("; ", Errors(results))}");
        }

        Assert.Equal("start", records[0].GetProperty("type").GetString());
        return records;
    }

    private static IEnumerable<string> Errors(EvaluationResults results) =>
        from one in (IEnumerable<EvaluationResults>)[results, .. results.Details ?? []]
        where one.Errors is not null
        from error in one.Errors!
        select $"{one.InstanceLocation}: {error.Value}";

    private static void Close(JsonNode schema)
    {
        if (schema is JsonObject node)
        {
            foreach (JsonNode? inner in node.Select(static member => member.Value).ToArray())
            {
                if (inner is not null)
                {
                    Close(inner);
                }
            }

            if (node["properties"] is JsonObject && node["type"] is JsonValue)
            {
                node["additionalProperties"] = false;
            }
        }
    }
}
