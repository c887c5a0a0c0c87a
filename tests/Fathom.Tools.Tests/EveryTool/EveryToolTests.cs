using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Fathom.Output.Json;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Xunit;

namespace Fathom.Tools.Tests.EveryTool;

/// <summary>What holds for every tool that there is. A tool that is added needs nothing here.</summary>
[Collection("every tool")]
public sealed class EveryToolTests
{
    private const string Attached = "\"type\":\"start\"";

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void What_must_be_told_has_a_sample(string name)
    {
        ToolDescription tool = Tool.Find(name).Description;
        Assert.True(tool.Argument is null or { IsOptional: true } or { Sample.Length: > 0 }, $"{name} must be told {tool.Argument?.Name}: give ToolArgument.Sample, for these tests");
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void What_it_prints_for_programs_is_what_its_schema_says(string name)
    {
        Programs.NeedRoot();
        var schema = new StrictSchema(name);
        ToolDescription tool = Tool.Find(name).Description;
        using var events = new AllSortsOfEvents();
        List<RunningProgram> all = [];
        try
        {
            all.AddRange(Variants(tool).Select(options => Start(name, options)));

            // One that is no way to begin has said why.
            List<RunningProgram> attached = [.. all.Where(IsAttached)];
            Assert.Contains(all[0], attached);
            events.Make();
            var seen = new HashSet<string>();
            foreach (RunningProgram program in attached)
            {
                program.Stop();
                Assert.True(program.ExitCode == 0, program.Errors);
                List<JsonElement> records = schema.Read(program.Output);
                Assert.Equal("cost", records[^1].GetProperty("type").GetString());
                Assert.Single(records, static record => record.GetProperty("type").GetString() == "start");
                Assert.Equal(tool.SchemaVersion, records[0].GetProperty("schema").GetInt32());
                seen.UnionWith(records.Where(static record => IsSomething(record)).Select(static record => record.GetProperty("type").GetString()!));
            }

            Assert.Contains(OwnTypes(tool)[0], seen);
            Assert.True(tool.Rows is null || seen.Contains("count"), $"{name} --by counted nothing: {string.Join(", ", seen)}");
        }
        finally
        {
            all.ForEach(static program => program.Dispose());
        }
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void A_filter_that_lets_nothing_through_prints_nothing(string name)
    {
        Programs.NeedRoot();
        string[] types = OwnTypes(Tool.Find(name).Description);
        using var events = new AllSortsOfEvents();
        using RunningProgram everything = Start(name, []), nothing = Start(name, ["--comm", "no-such-name"]), nobody = Start(name, ["-p", "2"]);
        RunningProgram[] all = [everything, nothing, nobody];
        Assert.All(all, static program => program.WaitFor(Attached));
        events.Make();
        Assert.All(all, static program => program.Stop());
        List<JsonElement> Of(RunningProgram program) =>
            [.. new StrictSchema(name).Read(program.Output).Where(record => types.Contains(record.GetProperty("type").GetString()) && IsSomething(record))];
        Assert.NotEmpty(Of(everything));
        Assert.Empty(Of(nothing));

        // Process 2 is the kernel's, and does nothing but make its threads: it waits for a CPU when it does.
        Assert.True(Total(nobody) < Total(everything), $"{Total(nobody)} of {Total(everything)}");
        long Total(RunningProgram program) => Of(program).Sum(static record => record.TryGetProperty("count", out JsonElement count) ? count.GetInt64() : 1);
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void One_exit_code_for_each_kind_of_mistake(string name)
    {
        Programs.NeedRoot();
        string[] command = Tool.Command(name);
        (int Exit, string[] Arguments)[] mistakes =
        [
            (2, ["--no-such-option"]),
            (2, ["--duration", "soon"]),
            (2, ["--pid", "x"]),
            (2, ["--budget", "101"]),
            (2, ["1", "2", "3"]),
            (2, ["--comm", "1234567890123456"]),
            (2, ["-p", "1", "--", "/bin/true"]),
            (2, ["--json", "--", "/bin/true"]),
            (2, ["--"]),
            (1, ["-p", "2147483647"]),
            (1, ["--cgroup", "/no/such/cgroup"]),
            (1, ["-o", "/no/such/folder/file"]),
            (127, ["--", "/no/such/command"]),
            (126, ["--", "/etc"]),
            (125, ["--cgroup", "/no/such/cgroup", "--", "/bin/true"]),
            (125, ["-o", "/no/such/folder/file", "--", "/bin/true"]),
        ];
        foreach ((int exit, string[] arguments) in mistakes)
        {
            bool isWithoutTime = arguments.Contains("--") || arguments.Contains("--duration");
            using RunningProgram program = RunningProgram.Run(Programs.Direct, [.. command, .. isWithoutTime ? (string[])[] : ["--duration", "0.1"], .. arguments]);
            string said = $"{name} {string.Join(' ', arguments)}: {program.ExitCode}, {program.Output}{program.Errors}";
            Assert.True(program.ExitCode == exit, said);
            Assert.True(program.Output.Length == 0 && program.Errors.Count(static character => character == '\n') == 1, said);
            Assert.StartsWith("fathom: ", program.Errors, StringComparison.Ordinal);
        }

        using RunningProgram done = RunningProgram.Run(Programs.Direct, [.. command, "--duration", "0.1"]);
        Assert.True(done.ExitCode == 0, done.Errors);
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, [.. command, "--", "/bin/sh", "-c", "exit 7"]);
        Assert.True(traced.ExitCode == 7, traced.Errors);
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void Nothing_is_left_behind_however_it_ends(string name)
    {
        Programs.NeedRoot();
        Assert.SkipUnless(Programs.IsNative, "The process that is started is a script's.");
        foreach (string signal in (string[])["INT", "TERM", "KILL"])
        {
            using RunningProgram program = Start(name, []);
            program.WaitFor(Attached);
            Dictionary<string, HashSet<uint>> held = Held(program.Id);
            Assert.NotEmpty(held["prog"]);
            Assert.NotEmpty(held["map"]);
            Assert.NotEmpty(held["link"]);
            Assert.All(held, static kind => Assert.Superset(kind.Value, Known(kind.Key).ToHashSet()));
            RunningProgram.Run("/bin/kill", $"-{signal}", program.Id.ToString(CultureInfo.InvariantCulture)).Dispose();
            program.WaitForExit();
            Assert.Equal(signal == "KILL" ? 137 : 0, program.ExitCode);
            foreach ((string kind, HashSet<uint> ids) in held)
            {
                var waited = Stopwatch.StartNew();
                while (Known(kind).Intersect(ids).ToArray() is { Length: > 0 } left)
                {
                    Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), $"{name}, ended by {signal}, left a {kind}: {string.Join(", ", left)}");
                    Thread.Sleep(50);
                }
            }

            // Probes that were made by a line there carry the number of their process, cgroups would, and so would children be its own.
            Assert.DoesNotContain(ProbeLines(), line => line.Contains($"fathom/p{program.Id}_", StringComparison.Ordinal));
            Assert.DoesNotContain(Directory.EnumerateDirectories("/sys/fs/cgroup", $"*{program.Id}*"), static _ => true);
        }
    }

    [Theory]
    [MemberData(nameof(Tool.Names), MemberType = typeof(Tool))]
    public void A_tool_that_is_disposed_of_holds_no_descriptors(string name)
    {
        Programs.NeedRoot();
        var request = new ToolRequest { Argument = Tool.Find(name).Description.Argument?.Sample ?? "" };
        int[] open = [.. Enumerable.Range(0, 3).Select(_ =>
        {
            Tool.Find(name).Start(request).Dispose();
            return Descriptors();
        })];
        Assert.True(open[1] == open[0] && open[2] == open[0], $"{name} holds descriptors: {string.Join(", ", open)}");
        using (Tool.Find(name).Start(request))
        {
            Assert.True(Descriptors() > open[0]);
        }
    }

    // Without options, with each of its own that is a switch, and with what counts rows.
    private static IEnumerable<string[]> Variants(ToolDescription tool) =>
    [
        [],
        .. tool.Options.OfType<Flag>().Select(static flag => (string[])[flag.Name]),
        .. tool.Rows is null ? (string[][])[] :
        [
            ["--by", string.Join(',', tool.Rows.Records[0].Fields.Where(field => tool.Rows.Columns.Any(column => column.Name == field.Name)).Select(static field => field.Name))],
            ["--top", "3", "--interval", "50ms"],
        ],
    ];

    private static RunningProgram Start(string name, string[] options) =>
        RunningProgram.Start(Programs.Direct, [.. Tool.Command(name), "--json", "--budget", "off", .. options]);

    private static bool IsAttached(RunningProgram program)
    {
        while (!program.Output.Contains(Attached, StringComparison.Ordinal) && !program.HasEnded)
        {
            Thread.Sleep(5);
        }

        if (program.HasEnded)
        {
            program.WaitForExit();
            // An option that asks for an answer, such as a list, has it at once.
            Assert.True(program.ExitCode == 0 ? program.Output.Length > 0 : program.Errors.StartsWith("fathom: ", StringComparison.Ordinal), program.Output + program.Errors);
            return false;
        }

        return true;
    }

    private static string[] OwnTypes(ToolDescription tool)
    {
        JsonRecord[] common = [JsonRecords.Start, JsonRecords.Loss, JsonRecords.Note, JsonRecords.Cost, JsonRecords.End];
        return [.. tool.AllRecords.Except(common).Select(static record => record.Type)];
    }

    // A histogram without durations, and the rest of no counts, say that there was nothing.
    private static bool IsSomething(JsonElement record) => !record.TryGetProperty("count", out JsonElement count) || count.GetInt64() > 0;

    private static Dictionary<string, HashSet<uint>> Held(int process)
    {
        string[] kinds = ["prog", "map", "link"];
        string[] lines = [.. Directory.EnumerateFiles($"/proc/{process}/fdinfo").SelectMany(File.ReadAllLines)];
        return kinds.ToDictionary(static kind => kind, kind => lines.Where(line => line.StartsWith(kind + "_id:", StringComparison.Ordinal))
            .Select(static line => uint.Parse(line.Split(':')[1].Trim(), CultureInfo.InvariantCulture)).ToHashSet());
    }

    private static uint[] Known(string kind)
    {
        using RunningProgram list = RunningProgram.Run(Programs.Find("bpftool", "bpftool"), "-j", kind, "show");
        using JsonDocument json = JsonDocument.Parse(list.Output);
        return [.. json.RootElement.EnumerateArray().Select(static one => one.GetProperty("id").GetUInt32())];
    }

    private static IEnumerable<string> ProbeLines() => ((string[])["kprobe_events", "uprobe_events"])
        .Select(static file => "/sys/kernel/tracing/" + file).Where(File.Exists).SelectMany(File.ReadAllLines);

    // What the kernel keeps for programs, and what wakes a thread.
    private static int Descriptors() => Directory.EnumerateFiles("/proc/self/fd")
        .Select(static file => new FileInfo(file).LinkTarget).Count(static target => target?.StartsWith("anon_inode:", StringComparison.Ordinal) == true);
}

/// <summary>What asks for the descriptors of the process runs alone.</summary>
[CollectionDefinition("every tool", DisableParallelization = true)]
public sealed class EveryToolCollection;
