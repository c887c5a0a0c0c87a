using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading;
using Xunit;

namespace Fathom.Tools.Tests.Events;

// One after the other: they tell processes apart by the name of the workload.
[Collection("events")]
public sealed partial class OpenSnoopTests
{
    private const int ManyOpens = 200_000;

    [Fact]
    public void Each_way_to_open_a_file_is_one_row_with_its_arguments()
    {
        string folder = Workload.Folder();
        using RunningProgram traced = Workload.Trace(["opensnoop", "--json", "--full-path"], "every-open", folder);
        (string? Call, string? Path, int Error, string? Flags, int? Mode)[] rows =
        [
            .. Workload.Parse(traced.Output).Where(record => record.Text("path")?.StartsWith(folder, StringComparison.Ordinal) == true)
                .Select(record => (record.Text("call"), record.Text("path")?[folder.Length..], record.Number("errno"), record.Text("flags"),
                    record.GetProperty("mode").ValueKind == JsonValueKind.Null ? (int?)null : record.Number("mode"))),
        ];
        Workload.Remove(folder);
        bool hasHandles = traced.Output.Contains("handle\n", StringComparison.Ordinal);
        (string?, string?, int, string?, int?)[] expected =
        [
            ("creat", "/by-creat", 0, "O_WRONLY|O_CREAT|O_TRUNC", 0x1a0),
            ("open", "/by-open", 0, "O_RDWR|O_CREAT", 0x180),
            ("open", "", 0, "O_RDONLY|O_DIRECTORY", null),
            ("openat", "/by-creat", 0, "O_RDONLY", null),
            ("openat", "/missing", 2, "O_RDONLY", null),
            ("openat2", "/by-open", 0, "O_RDONLY|O_CLOEXEC", null),
            .. hasHandles ? [("open_by_handle_at", "/by-open", 0, "O_RDONLY", null)] : Array.Empty<(string?, string?, int, string?, int?)>(),
            ("open", "/./by-open", 0, "O_RDONLY", null),
        ];
        Assert.Equal(expected, rows);
    }

    [Fact]
    public void Paths_that_lead_nowhere_say_so_and_no_more_than_is_known()
    {
        const int Longest = 4095;
        string folder = Workload.Folder();
        File.WriteAllText(folder + "/inside", "");
        using RunningProgram text = Workload.Trace(["opensnoop", "-F"], "odd-opens", folder);
        using RunningProgram json = Workload.Trace(["opensnoop", "-F", "--json"], "odd-opens", folder);
        Workload.Remove(folder);
        string[] lines = text.Output.Split('\n');
        string Descriptor(string name) => lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];
        (int Error, string Path)[] expected =
        [
            (0, folder + "/inside"),

            // The folder is the root here, so that what begins with a slash is below it.
            (0, folder + "/inside"),
            (9, @"\(fd 999)/in-no-root"),
            (2, @"\(empty)"),
            (9, @"\(fd 999)/at-none"),
            (9, @"\(fd -1)/at-minus-one"),
            (20, $@"\(fd {Descriptor("file")})/at-file"),
            (20, $@"\(fd {Descriptor("pipe")})/at-pipe"),
            (14, @"\(unreadable)"),
            (0, folder + "/" + LongPath(Longest)),
            (36, folder + "/" + LongPath(Longest + 1)[..Longest] + @" \(first 4095 bytes)"),
            (36, folder + "/" + LongPath(Longest * 2)[..Longest] + @" \(first 4095 bytes)"),
        ];
        Assert.Equal(expected, lines.SkipWhile(line => !line.EndsWith(' ' + folder, StringComparison.Ordinal)).Skip(1)
            .Select(static line => OpenLine().Match(line)).Where(static match => match.Success)
            .Select(static match => (int.Parse(match.Groups["error"].Value, CultureInfo.InvariantCulture), match.Groups["path"].Value))
            .Where(row => row.Item2.Contains("/inside", StringComparison.Ordinal) || row.Item2.Contains("/././", StringComparison.Ordinal) || row.Item2.StartsWith(@"\(", StringComparison.Ordinal)));

        // For programs: the path as it was given where there is no directory that it could be put behind, and the descriptor.
        JsonElement[] rows = [.. Workload.Parse(json.Output).Where(static record => record.Text("type") == "open")];
        JsonElement row = Assert.Single(rows, static row => row.Text("path") == "at-none");
        Assert.Equal((999, "EBADF"), (row.Number("dirfd"), row.Text("error")));
        Assert.Equal("/in-no-root", Assert.Single(rows, static row => row.Text("path")?.EndsWith("in-no-root", StringComparison.Ordinal) == true).Text("path"));
        Assert.Equal("ENOENT", Assert.Single(rows, static row => row.Text("path") == "").Text("error"));
        JsonElement[] cut = [.. rows.Where(static row => row.Text("error") == "ENAMETOOLONG")];
        Assert.Equal(2, cut.Length);
        Assert.All(cut, row => Assert.Equal((true, folder.Length + 1 + Longest), (row.GetProperty("path_truncated").GetBoolean(), row.Text("path")!.Length)));
        Assert.Equal(2, rows.Count(static row => row.TryGetProperty("path_truncated", out _)));
    }

    [Fact]
    public void Without_full_paths_a_path_is_what_the_program_gave()
    {
        string folder = Workload.Folder();
        string[] paths = [.. Workload.Records("open", ["opensnoop"], "every-open", folder).Select(record => record.Text("path")!)];
        Workload.Remove(folder);
        Assert.Contains("by-creat", paths);
        Assert.Contains("./by-open", paths);
        Assert.Contains(folder + "/by-creat", paths);
    }

    [Fact]
    public void What_a_32_bit_program_opens_is_shown_with_its_own_arguments()
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        File.WriteAllText(folder + "/there", "");
        string program = Program32.Write(folder, folder + "/there", folder + "/missing");
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "opensnoop", "--budget", "off", "--json", "-o", "-", "--", program);
        Workload.Remove(folder);
        (string?, string?, int, string?)[] rows = [.. Workload.Parse(traced.Output).Where(static record => record.Text("comm") == "program32")
            .Select(record => (record.Text("call"), record.Text("path")?[folder.Length..], record.Number("errno"), record.Text("flags")))];
        Assert.Equal([("open", "/there", 0, "O_RDONLY|O_CLOEXEC"), ("openat", "/there", 0, "O_RDONLY"), ("open", "/missing", 2, "O_RDONLY")], rows);
    }

    [Fact]
    public void An_open_by_io_uring_is_a_row()
    {
        string folder = Workload.Folder();
        File.WriteAllText(folder + "/ring", "");
        using RunningProgram traced = Workload.Trace(["opensnoop", "--json"], "ring", folder + "/ring");
        using RunningProgram failed = Workload.Trace(["opensnoop", "--json", "-x"], "ring", folder + "/missing");
        Workload.Remove(folder);
        Assert.SkipWhen(traced.Errors.Contains("does not show what io_uring opens", StringComparison.Ordinal), traced.Errors);
        JsonElement row = Assert.Single(Workload.Parse(traced.Output), record => record.Text("path") == folder + "/ring");
        Assert.Equal("io_uring", row.Text("call"));
        Assert.Equal(0, row.Number("errno"));
        string printed = traced.Output.Split('\n').Single(static line => int.TryParse(line, CultureInfo.InvariantCulture, out _));
        Assert.Equal(int.Parse(printed, CultureInfo.InvariantCulture), row.Number("fd"));
        row = Assert.Single(Workload.Parse(failed.Output), record => record.Text("call") == "io_uring");
        Assert.Equal(folder + "/missing", row.Text("path"));
        Assert.Equal("ENOENT", row.Text("error"));
    }

    [Fact]
    public void An_open_by_io_uring_that_says_nothing_if_it_succeeds_is_a_row_with_its_failure()
    {
        string folder = Workload.Folder();
        string there = folder + "/there", missing = folder + "/missing";
        File.WriteAllText(there, "");
        string[] opens = ["ring", "silent", there, missing, there, missing, missing];
        using RunningProgram traced = Workload.Trace(["opensnoop", "--json"], opens);
        using RunningProgram failed = Workload.Trace(["opensnoop", "--json", "-x"], opens);
        Workload.Remove(folder);
        Assert.SkipWhen(traced.Errors.Contains("does not show what io_uring opens", StringComparison.Ordinal), traced.Errors);
        Assert.Equal(["0", "-2", "0", "-2", "-2"], traced.Output.Split('\n').Where(static line => int.TryParse(line, CultureInfo.InvariantCulture, out _)));
        (string?, int, int)[] rows = RowsOf(traced);
        Assert.Equal([(missing, -1, 2), (missing, -1, 2), (missing, -1, 2), (there, -1, 0), (there, -1, 0)], rows.Order());
        Assert.Equal([(missing, -1, 2), (missing, -1, 2), (missing, -1, 2)], RowsOf(failed));
        Assert.DoesNotContain("not shown", traced.Errors + failed.Errors, StringComparison.Ordinal);

        static (string?, int, int)[] RowsOf(RunningProgram traced) =>
            [.. Workload.Parse(traced.Output).Where(static row => row.Text("call") == "io_uring").Select(static row => (row.Text("path"), (int)row.Number("fd"), (int)row.Number("errno")))];
    }

    [Fact]
    public void A_hostile_name_stays_one_row_in_text_and_parses_in_json()
    {
        string folder = Workload.Folder();
        using RunningProgram text = Workload.Trace(["opensnoop"], "hostile-open", folder);
        using RunningProgram json = Workload.Trace(["opensnoop", "--json"], "hostile-open", folder);
        Workload.Remove(folder);
        Assert.DoesNotContain('\u001b', text.Output);
        Assert.Single(text.Output.Split('\n'), line => line.EndsWith(folder + @"/\x1b[2J\n""\\\xff\xc3\tz", StringComparison.Ordinal));
        JsonElement row = Assert.Single(Workload.Parse(json.Output), record => record.Text("path")?.StartsWith(folder + "/", StringComparison.Ordinal) == true);
        Assert.Equal(folder + "/\u001b[2J\n\"\\\ufffd\ufffd\tz", row.Text("path"));
        byte[] bytes = row.GetProperty("path_base64").GetBytesFromBase64();
        Assert.Equal([0xff, 0xc3, (byte)'\t', (byte)'z'], bytes[^4..]);
    }

    [Fact]
    public void Two_hundred_thousand_opens_are_as_many_rows_and_nothing_is_lost()
    {
        string folder = Workload.Folder();
        string output = folder + "/rows", errors = folder + "/errors", target = folder + "/target";
        File.WriteAllText(target, "");
        Programs.NeedRoot();
        using RunningProgram shell = RunningProgram.Run(
            "/bin/sh", "-c", "exec \"$@\" >\"$OUT\" 2>\"$ERR\"".Replace("$OUT", output, StringComparison.Ordinal).Replace("$ERR", errors, StringComparison.Ordinal),
            "sh", Programs.Direct, "opensnoop", "--budget", "off", "--", Workload.Program, "opens", target, ManyOpens.ToString(CultureInfo.InvariantCulture));
        int rows = File.ReadLines(output).Count(line => line.EndsWith(' ' + target, StringComparison.Ordinal));
        string said = File.ReadAllText(errors);
        Workload.Remove(folder);
        Assert.Equal("", RunningProgram.WithoutCost(said));
        Assert.Equal(ManyOpens, rows);
    }

    [Fact]
    public void Opened_as_fast_as_can_be_beside_busy_processes_rows_and_losses_are_the_opens()
    {
        string folder = Workload.Folder();
        string output = folder + "/rows", target = folder + "/target", name = "flood" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(target, "");
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Start("/bin/sh", "-c", "exec \"$@\" >" + output, "sh", Programs.Direct, "opensnoop", "--budget", "off", "--comm", name);
        while (!File.Exists(output) || new FileInfo(output).Length == 0)
        {
            Assert.False(traced.HasEnded, traced.Errors);
            Thread.Sleep(5);
        }

        int processes = Environment.ProcessorCount, count = ManyOpens / processes * processes;
        RunningProgram.Run(Workload.Program, "flood", target, $"{count}", $"{processes}", "2", name).Dispose();
        traced.Stop();
        int rows = File.ReadLines(output).Count(line => line.EndsWith(' ' + target, StringComparison.Ordinal));
        Workload.Remove(folder);
        Assert.Equal(count, rows + Losses(traced.Errors));
    }

    [Fact]
    public void Output_that_is_held_up_costs_memory_and_no_rows()
    {
        string folder = Workload.Folder();
        string rows = folder + "/rows", gate = folder + "/gate", target = folder + "/target", name = "held" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(target, "");
        Programs.NeedRoot();

        // Nobody reads before all has been opened: a pipe takes some hundred rows, and the buffer of 4 MB some ten thousand.
        using RunningProgram traced = RunningProgram.Start(
            "/bin/sh", "-c", $"\"$@\" | (head -n 1 >{rows}; until [ -e {gate} ]; do sleep 0.05; done; cat >>{rows})", "sh", Programs.Direct, "opensnoop", "--budget", "off", "--comm", name, "--duration", "20");
        while (!File.Exists(rows) || new FileInfo(rows).Length == 0)
        {
            Assert.False(traced.HasEnded, traced.Errors);
            Thread.Sleep(5);
        }

        RunningProgram.Run(Workload.Program, "flood-one", target, $"{ManyOpens}", name).Dispose();
        File.WriteAllText(gate, "");
        while (File.ReadLines(rows).Count(line => line.EndsWith(target, StringComparison.Ordinal)) is var seen && seen + Losses(traced.Errors) < ManyOpens)
        {
            Assert.False(traced.HasEnded, $"{seen} rows: {traced.Errors}");
            Thread.Sleep(100);
        }

        Workload.Remove(folder);
        Assert.Equal("", traced.Errors);
    }

    [Fact]
    public void With_a_tiny_buffer_and_a_reader_that_stands_still_rows_and_losses_are_the_opens()
    {
        string folder = Workload.Folder();
        string target = folder + "/target";
        File.WriteAllText(target, "");
        Programs.NeedRoot();

        // Under a name that nothing else on the machine has.
        string name = $"opens{Environment.ProcessId}";
        string program = Path.Combine(folder, name);
        File.CreateSymbolicLink(program, Workload.Program);

        // The workload's runtime opens files too: a second tool with room enough says how many there were in all.
        using RunningProgram whole = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "off", "--comm", name, "-b", "65536");
        using RunningProgram tiny = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "off", "--comm", name, "-b", "1");
        whole.WaitFor("PATH");
        tiny.WaitFor("PATH");
        Signal(tiny, "STOP");
        RunningProgram.Run(program, "opens", target, "20000").Dispose();
        Signal(tiny, "CONT");
        RunningProgram.Run(program, "opens", target, "1001").Dispose();
        whole.Stop();
        tiny.Stop();
        Workload.Remove(folder);
        Assert.Equal("", whole.Errors);
        Assert.Equal(21_001, whole.Output.Split('\n').Count(line => line.EndsWith(' ' + target, StringComparison.Ordinal)));
        int lost = Losses(tiny.Errors);
        Assert.True(lost > 10_000, $"Only {lost} were lost: the buffer was not tiny.");
        Assert.Equal(Rows(whole), Rows(tiny) + lost);
    }

    [Fact]
    public void A_path_below_the_root_is_absolute_with_full_paths()
    {
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "opensnoop", "--budget", "off", "-F", "-x", "--", "/bin/sh", "-c", "cd / && : <no-such-file");
        Assert.Single(traced.Output.Split('\n'), static line => line.EndsWith("  -1   2 /no-such-file", StringComparison.Ordinal));
    }

    [Fact]
    public void What_io_uring_opens_for_another_process_is_no_row_and_no_loss()
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        File.WriteAllText(folder + "/ring", "");
        using RunningProgram traced = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "off", "-n", "body", "--comm", "nobody", "-b", "1");
        traced.WaitFor("PATH");
        for (int i = 0; i < 3; i++)
        {
            RunningProgram.Run(Workload.Program, "ring", folder + "/ring").Dispose();
        }

        traced.Stop();
        Workload.Remove(folder);
        Assert.Equal("", traced.Errors);
        Assert.Equal(1, traced.Output.Count(static character => character == '\n'));
    }

    [Fact]
    public void A_tool_does_not_observe_itself()
    {
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "off", "--duration", "2");
        traced.WaitFor("PATH");
        RunningProgram.Run("/bin/cat", "/etc/hostname").Dispose();
        traced.WaitForExit();
        Assert.Contains("/etc/hostname", traced.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(traced.Output.Split('\n'), line => line.StartsWith(traced.Id.ToString(CultureInfo.InvariantCulture) + ' ', StringComparison.Ordinal));
    }

    [Fact]
    public void All_columns_stand_under_their_headers()
    {
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "opensnoop", "--budget", "off", "-T", "--timestamp", "-U", "-e", "--", "/bin/cat", "/etc/hostname");
        string[] lines = traced.Output.Split('\n');
        Assert.Equal("TIME     TIME(s)        UID    PID    COMM               FD ERR FLAGS              MODE PATH", lines[0]);
        Assert.Matches(@"^\d\d:\d\d:\d\d \d+\.\d{9} +0      \d+ +cat +\d+   0 O_RDONLY +-    /etc/hostname$", lines.Single(static line => line.EndsWith("/etc/hostname", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_filter_that_matches_nothing_prints_nothing_and_goes_on()
    {
        Programs.NeedRoot();
        using RunningProgram traced = RunningProgram.Start(Programs.Direct, "opensnoop", "--budget", "off", "-n", "nobody's name", "--duration", "1");
        traced.WaitFor("PATH");
        RunningProgram.Run("/bin/cat", "/etc/hostname").Dispose();
        traced.WaitForExit();
        Assert.Equal(0, traced.ExitCode);
        Assert.Single(traced.Output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Filters_let_through_what_they_name()
    {
        string folder = Workload.Folder();
        List<string?> Paths(params string[] options)
        {
            using RunningProgram traced = Workload.Trace(["opensnoop", "--json", .. options], "every-open", folder);
            var paths = Workload.Parse(traced.Output).Select(static record => record.Text("path")).Where(static path => path?.Contains("by-", StringComparison.Ordinal) == true).ToList();
            foreach (string file in Directory.GetFiles(folder))
            {
                File.Delete(file);
            }

            return paths;
        }

        Assert.Equal(["" + folder + "/by-creat", folder + "/by-open"], Paths("-f", "O_CREAT"));
        Assert.Equal([folder + "/by-creat"], Paths("-f", "O_TRUNC", "-f", "O_EXCL"));
        Assert.NotEmpty(Paths("-u", "0"));
        Assert.NotEmpty(Paths("-u", "root"));
        Assert.Empty(Paths("-u", "12345"));
        Assert.NotEmpty(Paths("-n", "Workload"));
        Assert.NotEmpty(Paths("--comm", "Fathom.Workload"));
        Assert.Empty(Paths("-x"));
        Assert.Empty(Paths("-f", "O_TMPFILE"));
        Workload.Remove(folder);
    }

    [Theory]
    [InlineData(2, "there is no flag 'O_NONSENSE': *", "-f", "O_NONSENSE")]
    [InlineData(2, "O_RDONLY is not a flag *", "-f", "O_RDONLY")]
    [InlineData(2, "--flag needs at least one FLAG, but is ','; *", "-f", ",")]
    [InlineData(1, "there is no user 'no-such-user' in /etc/passwd: *", "-u", "no-such-user")]
    [InlineData(2, "--uid is 4294967295, which stands for no user, so nothing would match; *", "-u", "4294967295")]
    [InlineData(1, "there is no thread 2147483647: *", "-t", "2147483647")]
    [InlineData(2, "--tid must be a whole number of 1 or more, but is 'x'; *", "-t", "x")]
    [InlineData(1, "thread 1 belongs to process 1 and not to process SELF, so nothing would match both", "-t", "1", "-p", "SELF")]
    [InlineData(2, "thread 1 was there before the command, so nothing would match both: *", "-t", "1", "--", "/bin/true")]
    [InlineData(2, "--name must have at most 15 bytes, because the kernel keeps no more of a command name, but is '1234567890123456'; *", "-n", "1234567890123456")]
    [InlineData(2, "'bash' does not contain 'zsh', so nothing would match both --comm and --name; *", "--comm", "bash", "-n", "zsh")]
    [InlineData(2, "--buffer-pages must be a whole number from 1 to 131072, but is '0'; *", "-b", "0")]
    public void Bad_input_gets_one_sentence(int exit, string sentence, params string[] arguments)
    {
        string self = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        BadInputTests.Refused(
            exit, sentence.Replace("SELF", self, StringComparison.Ordinal), Programs.Direct,
            ["opensnoop", "--budget", "off", "--duration", "0.1", .. arguments.Select(argument => argument == "SELF" ? self : argument)]);
    }

    // "opens not shown, because ...: 7"
    private static int Losses(string errors) => errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Sum(static line => int.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));

    // As the workload makes it.
    private static string LongPath(int bytes)
    {
        int dots = (bytes - "/inside".Length) / 2 * 2;
        return string.Concat(Enumerable.Repeat("./", dots / 2)) + new string('/', bytes - dots - "inside".Length) + "inside";
    }

    [GeneratedRegex(@"^\d+ +.{16} +-?\d+ +(?<error>\d+) (?<path>.*)$")]
    private static partial Regex OpenLine();

    private static void Signal(RunningProgram program, string signal) =>
        RunningProgram.Run("/bin/kill", "-" + signal, program.Id.ToString(CultureInfo.InvariantCulture)).Dispose();

    // All lines but the header.
    private static int Rows(RunningProgram program) => program.Output.Count(static character => character == '\n') - 1;
}
