using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Fathom.Cli.Tests.Schemas;

/// <summary>What was promised with a schema, and what another one makes of it.</summary>
internal static class SchemaPromise
{
    private const string Remedy = "keep it, or raise the tool's SchemaVersion";

    /// <summary>What is promised by a schema and not kept by another, a sentence each. One of a later version has made no promise yet.</summary>
    public static IReadOnlyList<string> Broken(JsonNode promised, JsonNode now)
    {
        if (VersionOf(now) > VersionOf(promised))
        {
            return [];
        }

        if (VersionOf(now) < VersionOf(promised))
        {
            return [$"SchemaVersion {VersionOf(now)} is older than the one that is checked in, {VersionOf(promised)}"];
        }

        var broken = new List<string>();
        foreach ((string type, JsonNode? record) in promised["$defs"]!.AsObject())
        {
            if (now["$defs"]![type] is { } known)
            {
                Compare(record!, known, type, broken);
            }
            else
            {
                broken.Add($"records of type {type} are gone: {Remedy}");
            }
        }

        return broken;
    }

    private static int VersionOf(JsonNode schema) => schema["$defs"]!["start"]!["properties"]!["schema"]!["const"]!.GetValue<int>();

    private static void Compare(JsonNode promised, JsonNode now, string name, List<string> broken)
    {
        string kindBefore = KindOf(promised), kindNow = KindOf(now);
        if (kindBefore != kindNow)
        {
            broken.Add($"{name} was {kindBefore} and is {kindNow}: {Remedy}");
            return;
        }

        if (promised["items"] is { } item)
        {
            Compare(item, now["items"]!, name + "[]", broken);
        }

        string[] required = [.. (now["required"]?.AsArray() ?? []).Select(static one => one!.GetValue<string>())];
        foreach ((string field, JsonNode? before) in promised["properties"]?.AsObject() ?? [])
        {
            string path = $"{name}.{field}";
            if (now["properties"]![field] is not { } known)
            {
                broken.Add($"{path} is gone: {Remedy}");
                continue;
            }

            if (promised["required"]!.AsArray().Any(one => one!.GetValue<string>() == field) && !required.Contains(field))
            {
                broken.Add($"{path} was in every record and can be missing: {Remedy}");
            }

            Compare(before!, known, path, broken);
        }
    }

    // Everything about a value but its name and its words.
    private static string KindOf(JsonNode schema) => string.Join(' ', ((string[])["type", "const", "pattern", "contentEncoding"])
        .Select(key => schema[key]?.ToJsonString()).Where(static text => text is not null));
}
