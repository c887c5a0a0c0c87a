using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Output.Json;
using Fathom.Tools.Doctor;
using Fathom.Tools.Hosting;
using Json.Schema;
using Xunit;

namespace Fathom.Cli.Tests.Schemas;

/// <summary>What programs are promised of each tool's output is checked in, and stays.</summary>
public sealed class SchemaTests
{
    private const string Renew = "FATHOM_RENEW_SCHEMAS";

    private static readonly JsonRecord s_record = new(
        "row", "A row",
        new("pid", JsonKind.Integer, "The process"),
        new("name", JsonKind.Text, "Its name") { IsNullable = true },
        new("list", JsonKind.Objects, "Parts") { Fields = [new("way", JsonKind.Text, "How")] });

    public static TheoryData<string> Names => [.. AllTools.Create().Select(static tool => tool.Description.Name), DoctorJson.Name];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_schema_is_the_one_that_is_checked_in(string name)
    {
        string file = Path.Combine(Checkout.Root, "docs/json", name + ".json");
        string now = SchemaOf(name);
        bool isThere = File.Exists(file);
        IReadOnlyList<string> broken = isThere ? SchemaPromise.Broken(JsonNode.Parse(File.ReadAllText(file))!, JsonNode.Parse(now)!) : [];
        Assert.True(broken.Count == 0, $"{name}: {string.Join("\n", broken)}");
        if (Environment.GetEnvironmentVariable(Renew) is not null)
        {
            File.WriteAllText(file, now);
        }

        Assert.True(File.Exists(file), $"{name}: docs/json/{name}.json is missing: make it with eng/schemas");
        Assert.True(File.ReadAllText(file) == now, $"{name}: docs/json/{name}.json is not what the tool declares, which keeps what was promised: renew it with eng/schemas");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_a_schema_and_every_field_has_a_name_and_a_sentence(string name)
    {
        Assert.True(IsSchema(SchemaOf(name)));
        Assert.False(IsSchema("""{ "type": "objekt" }"""));

        IReadOnlyList<JsonRecord> records = RecordsOf(name);
        Assert.Equal(records.Count, records.Select(static record => record.Type).Distinct().Count());
        Assert.All(records, static record => Fields(record.Type, [.. JsonRecords.Envelope, .. record.Fields]));
        JsonRecord[] common = [JsonRecords.Start, JsonRecords.Loss, JsonRecords.Note, JsonRecords.Cost, JsonRecords.End];
        Assert.True(records.Except(common).Any(), $"{name} declares no records of its own: see ToolDescription.Records and ToolDescription.Rows");

        static void Fields(string path, IReadOnlyList<JsonField> fields)
        {
            Assert.All(fields, field => Assert.Matches("^[a-z][a-z0-9_.]*$", field.Name));
            Assert.All(fields, field => Assert.True(field.Help.Length > 1 && !field.Help.EndsWith('.'), $"{path}.{field.Name}: {field.Help}"));
            Assert.Equal(fields.Count, fields.Select(static field => field.Name).Distinct().Count());
            Assert.All(fields, field => Fields($"{path}.{field.Name}", field.Fields));
        }
    }

    [Fact]
    public void What_is_promised_and_not_kept_is_named_with_what_to_do()
    {
        const string Remedy = ": keep it, or raise the tool's SchemaVersion";
        Assert.Equal(["records of type row are gone" + Remedy], Broken([]));
        Assert.Equal(["row.pid is gone" + Remedy], Broken([Without("pid")]));
        Assert.Equal(["row.pid is gone" + Remedy], Broken([With("pid", static field => field with { Name = "process" })]));
        Assert.Equal(["row.pid was \"integer\" and is \"string\"" + Remedy], Broken([With("pid", static field => field with { Kind = JsonKind.Text })]));
        Assert.Equal(["row.pid was \"integer\" and is [\"integer\",\"null\"]" + Remedy], Broken([With("pid", static field => field with { IsNullable = true })]));
        Assert.Equal(["row.name was in every record and can be missing" + Remedy], Broken([With("name", static field => field with { IsOptional = true })]));
        Assert.Equal(["row.list[].way is gone" + Remedy], Broken([With("list", static field => field with { Fields = [] })]));
        Assert.Equal(["SchemaVersion 6 is older than the one that is checked in, 7"], Broken([s_record], 6));

        // Other words, more fields and more records are no broken promise, and a later version makes its own.
        Assert.Empty(Broken([s_record, s_record with { Type = "other" }]));
        Assert.Empty(Broken([s_record with { Fields = [.. s_record.Fields, new("more", JsonKind.Flag, "More")] }]));
        Assert.Empty(Broken([With("name", static field => field with { Help = "Its name, in other words" })]));
        Assert.Empty(Broken([Without("pid")], 8));

        static JsonRecord With(string name, Func<JsonField, JsonField> change) =>
            s_record with { Fields = [.. s_record.Fields.Select(field => field.Name == name ? change(field) : field)] };
        static JsonRecord Without(string name) => s_record with { Fields = [.. s_record.Fields.Where(field => field.Name != name)] };
    }

    private static bool IsSchema(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return MetaSchemas.Draft202012.Evaluate(document.RootElement).IsValid;
    }

    private static IReadOnlyList<string> Broken(IReadOnlyList<JsonRecord> now, int version = 7) => SchemaPromise.Broken(
        JsonNode.Parse(SchemaWriter.Write("tool", 7, [JsonRecords.Start, s_record]))!,
        JsonNode.Parse(SchemaWriter.Write("tool", version, [JsonRecords.Start, .. now]))!);

    private static string SchemaOf(string name) => SchemaWriter.Write(
        name, name == DoctorJson.Name ? DoctorJson.SchemaVersion : Find(name).SchemaVersion, RecordsOf(name));

    private static IReadOnlyList<JsonRecord> RecordsOf(string name) => name == DoctorJson.Name ? DoctorJson.Records : Find(name).AllRecords;

    private static ToolDescription Find(string name) => AllTools.Create().Single(tool => tool.Description.Name == name).Description;
}
