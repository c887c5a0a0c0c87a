using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Fathom.Tools.Tests.Events;

/// <summary>Rows that are counted in place of being printed.</summary>
[Collection("events")]
public sealed class CountedRowsTests
{
    private const int Programs97 = 97, Programs53 = 53;

    // So many times true, false, and once sh.
    private static readonly string s_script =
        $"i=0; while [ $i -lt {Programs97} ]; do /bin/true; i=$((i+1)); done; i=0; while [ $i -lt {Programs53} ]; do /bin/false $i; i=$((i+1)); done";

    private static RunningProgram Trace(params string[] tool)
    {
        Programs.NeedRoot();
        RunningProgram traced = RunningProgram.Run(Programs.Direct, [.. tool, "--budget", "off", "--", "/bin/sh", "-c", s_script]);
        Assert.Equal(("", 0), (traced.Errors, traced.ExitCode));
        return traced;
    }

    [Fact]
    public void Prime_numbers_of_events_are_counted_exactly_the_greatest_first()
    {
        using RunningProgram text = Trace("execsnoop", "--by", "comm,ret");
        Assert.Equal(
            "Counting by comm, ret... Hit Ctrl-C to end.\n\n   COUNT COMM             RET\n" +
            $"      97 true               0\n      53 false              0\n       1 sh                 0\n",
            text.Output);

        using RunningProgram json = Trace("execsnoop", "--top", "2", "--json", "-o", "-");
        JsonElement[] records = [.. Workload.Parse(json.Output)];
        Assert.Equal(["count", "count", "rest"], records.Select(static record => record.Text("type")));
        Assert.Equal([("""{"comm":"true"}""", 97), ("""{"comm":"false"}""", 53)], records[..2].Select(static record => (record.GetProperty("key").GetRawText(), record.Number("count"))));
        Assert.Equal((1, 1, 0, 0), (records[2].Number("groups"), records[2].Number("count"), records[2].Number("ungrouped"), records[2].Number("error")));
    }

    [Fact]
    public void What_is_left_out_adds_up()
    {
        using RunningProgram text = Trace("execsnoop", "--by", "args", "--top", "1");
        Assert.EndsWith("   COUNT ARGS\n      97 /bin/true\n      54 in 54 others\n", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_interval_counts_what_came_in_it()
    {
        Programs.NeedRoot();
        const string Script = "for n in 1 2 3; do /bin/true; /bin/true; sleep 0.4; done";
        using RunningProgram json = RunningProgram.Run(Programs.Direct, "execsnoop", "--by", "comm", "-i", "0.1", "--json", "-o", "-", "--", "/bin/sh", "-c", Script);
        List<JsonElement> records = [.. Workload.Parse(json.Output)];
        Assert.True(records.Count(static record => record.Text("type") == "rest") > 6);

        // Those of a moment can be in two reports, those of different moments cannot be in one.
        int[] counts = [.. records.Where(static record => record.Text("type") == "count" && record.GetProperty("key").Text("comm") == "true").Select(static record => record.Number("count"))];
        Assert.Equal(6, counts.Sum());
        Assert.InRange(counts.Length, 3, 6);
        Assert.All(counts, static count => Assert.InRange(count, 1, 2));

        // The records of a report have one time.
        Assert.Equal(
            records.Where(static record => record.Text("type") == "count").Select(static record => record.Text("time")).Distinct(),
            records.Where(static record => record.Text("type") == "count").Select(static record => record.Text("time")).Distinct().Intersect(
                records.Where(static record => record.Text("type") == "rest").Select(static record => record.Text("time"))));
    }

    [Theory]
    [InlineData("opensnoop")]
    [InlineData("execsnoop")]
    [InlineData("tcplife")]
    public void A_field_that_is_none_is_one_sentence_with_those_that_are(string tool)
    {
        string names = string.Join(", ", EveryTool.Tool.Find(tool).Description.Rows!.Records[0].Fields.Select(static field => field.Name)
            .Where(name => EveryTool.Tool.Find(tool).Description.Rows!.Columns.Any(column => column.Name == name)));
        BadInputTests.Refused(2, $"there is no field 'nonsense': the fields are {names}; see fathom {tool} --help", Programs.Direct, tool, "--by", "comm,nonsense");
        BadInputTests.Refused(2, $"--top must be a whole number of 1 or more, but is '0'; see fathom {tool} --help", Programs.Direct, tool, "--top", "0");
        BadInputTests.Refused(2, $"--interval is for counts, with --top or --by: rows are shown as they come; see fathom {tool} --help", Programs.Direct, tool, "-i", "1");
    }
}
