using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Fathom.Tools.Tests.Events;

[Collection("events")]
public sealed class ExecSnoopTests
{
    private const string True = "/bin/true";

    private static string[] Arguments(JsonElement record) => [.. record.GetProperty("args").EnumerateArray().Select(static argument => argument.GetString()!)];

    private static JsonElement Last(params string[] workload) => Workload.Records("exec", ["execsnoop"], workload)[^1];

    [Fact]
    public void A_program_executed_by_another_thread_is_a_row()
    {
        JsonElement row = Last("thread-exec", True, "a", "b c");
        Assert.Equal([True, "a", "b c"], Arguments(row));
        Assert.Equal("true", row.Text("comm"));
        Assert.Equal(0, row.Number("ret"));
    }

    [Fact]
    public void A_32_bit_program_is_a_row_with_its_arguments()
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        string program = Program32.Write(folder, "/etc/hostname", "/no/such/file");
        using RunningProgram traced = RunningProgram.Run(Programs.Direct, "execsnoop", "--", program, "a", "b c");
        Workload.Remove(folder);
        Assert.EndsWith($" 0 {program} a b c\n", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_executed_by_its_descriptor_is_a_row_with_its_path()
    {
        using RunningProgram text = Workload.Trace(["execsnoop"], "fexecve", True, "x");
        Assert.EndsWith(" 0 " + RealPath(True) + " x\n", text.Output, StringComparison.Ordinal);
        Assert.Equal(RealPath(True), Last("fexecve", True, "x").Text("exe"));
    }

    [Fact]
    public void A_program_that_is_in_no_directory_is_a_row_with_its_name()
    {
        using RunningProgram text = Workload.Trace(["execsnoop"], "memory-exec", "in-memory", True, "x");
        Assert.EndsWith(" 0 memfd:in-memory x\n", text.Output, StringComparison.Ordinal);
        Assert.Equal("memfd:in-memory", Last("memory-exec", "in-memory", True, "x").Text("exe"));
    }

    [Fact]
    public void An_argument_in_a_page_that_nobody_has_touched_is_whole()
    {
        string folder = Workload.Folder();
        File.WriteAllText(folder + "/cold", new string('c', 399));
        JsonElement row = Last("cold-exec", True, folder + "/cold");
        Workload.Remove(folder);
        Assert.Equal(["cold", new string('c', 399)], Arguments(row));
    }

    [Fact]
    public void What_fails_is_shown_with_its_error_only_if_asked_for()
    {
        string[] workload = ["fail-exec", "/no/such/program", "one", "two"];
        Assert.Single(Workload.Records("exec", ["execsnoop"], workload));
        JsonElement row = Assert.Single(Workload.Records("exec", ["execsnoop", "-x"], workload), static record => record.Number("ret") != 0);
        Assert.Equal(-2, row.Number("ret"));
        Assert.Equal("ENOENT", row.Text("error"));
        Assert.Equal("/no/such/program", row.Text("filename"));
        Assert.Equal(["/no/such/program", "one", "two"], Arguments(row));
    }

    [Theory]
    [InlineData(2, 207, false)]
    [InlineData(300, 30_305, false)]
    [InlineData(1000, 101_005, true)]
    public void Many_arguments_are_whole_up_to_32_KiB_and_what_is_cut_off_is_said(int count, int bytes, bool isCut)
    {
        JsonElement row = Last("long-exec", True, count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        string[] arguments = Arguments(row);
        Assert.Equal(isCut, row.GetProperty("args_truncated").GetBoolean());
        Assert.Equal(bytes, row.Number("args_bytes"));
        Assert.Equal("long", arguments[0]);
        Assert.Equal(isCut ? ((32 * 1024 - 5) / 101) + 2 : count + 1, arguments.Length);
        Assert.All(arguments[1..^1], static argument => Assert.Equal(new string('x', 100), argument));
        if (isCut)
        {
            using RunningProgram text = Workload.Trace(["execsnoop"], "long-exec", True, "1000");
            Assert.EndsWith(@" \(first 32768 of 101005 bytes)" + "\n", text.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_script_is_shown_with_the_arguments_that_its_caller_gave()
    {
        string folder = Workload.Folder();
        string script = folder + "/script";
        File.WriteAllText(script, "#!/bin/sh -e\ntrue\n");
        RunningProgram.Run("/bin/chmod", "755", script).Dispose();
        using RunningProgram text = Workload.Trace(["execsnoop"], "thread-exec", script, "one", "two");
        JsonElement row = Last("thread-exec", script, "one", "two");
        Workload.Remove(folder);
        Assert.EndsWith($" 0 {script} one two\n", text.Output, StringComparison.Ordinal);
        Assert.Equal(["/bin/sh", "-e", script, "one", "two"], Arguments(row));
        Assert.Equal(script, row.Text("filename"));
    }

    [Fact]
    public void Children_of_a_process_are_shown_alone()
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        using RunningProgram shell = RunningProgram.Start("/bin/sh", "-c", $"until [ -e {folder}/gate ]; do sleep 0.05; done; /bin/true mine; true");
        using RunningProgram traced = RunningProgram.Start(Programs.Direct, "execsnoop", "-P", shell.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        traced.WaitFor("PPID");
        RunningProgram.Run(True, "other").Dispose();
        File.WriteAllText(folder + "/gate", "");
        shell.WaitForExit();
        traced.Stop();
        Workload.Remove(folder);
        Assert.Single(traced.Output.Split('\n'), static line => line.EndsWith(" /bin/true mine", StringComparison.Ordinal));
        Assert.DoesNotContain(" other", traced.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_argument_stays_one_row_in_text_and_parses_in_json()
    {
        using RunningProgram text = Workload.Trace(["execsnoop"], "hostile-exec", True);
        Assert.DoesNotContain('\u001b', text.Output);
        Assert.EndsWith(@" 0 /bin/true \x1b[2J\n""\\\xffz" + "\n", text.Output, StringComparison.Ordinal);
        using RunningProgram quoted = Workload.Trace(["execsnoop", "-q"], "hostile-exec", True);
        Assert.EndsWith(@" 0 ""/bin/true"" ""\x1b[2J\n\""\\\xffz""" + "\n", quoted.Output, StringComparison.Ordinal);
        JsonElement row = Last("hostile-exec", True);
        Assert.Equal("\u001b[2J\n\"\\\ufffdz", Arguments(row)[1]);
        Assert.Contains((byte)0xff, row.GetProperty("args_base64").GetBytesFromBase64());
    }

    [Fact]
    public void A_prime_number_of_programs_is_as_many_rows_in_the_order_of_time()
    {
        Programs.NeedRoot();
        const int Count = 97;
        using RunningProgram traced = RunningProgram.Run(
            Programs.Direct, "execsnoop", "--json", "-o", "-", "--", "/bin/sh", "-c", $"i=0; while [ $i -lt {Count} ]; do /bin/true $i; i=$((i+1)); done");
        JsonElement[] rows = [.. Workload.Parse(traced.Output).Where(static record => record.Text("comm") == "true")];
        Assert.Equal(Enumerable.Range(0, Count).Select(static i => $"{i}"), rows.Select(static row => Arguments(row)[1]));
        Assert.Equal(rows.Select(static row => row.Text("time")).Order(StringComparer.Ordinal), rows.Select(static row => row.Text("time")));
        Assert.Single(rows.Select(static row => row.Number("ppid")).Distinct());
        Assert.Equal("", traced.Errors);
    }

    [Fact]
    public void Filters_let_through_what_they_name()
    {
        List<string> Commands(params string[] options) =>
            [.. Workload.Records("exec", ["execsnoop", .. options], "thread-exec", True, "needle").Select(static record => record.Text("comm")!)];

        Assert.Equal(["true"], Commands("-n", "^tr.e$"));
        Assert.Empty(Commands("-n", "no-such-name"));
        Assert.Equal(["true"], Commands("-l", "^/bin/true n[aeiou]+dle$"));
        Assert.Empty(Commands("-l", "^needle"));
        Assert.NotEmpty(Commands("-u", "root"));
        Assert.Empty(Commands("-u", "12345"));
        Assert.Empty(Commands("-P", "1"));
    }

    [Fact]
    public void All_columns_stand_under_their_headers()
    {
        using RunningProgram traced = Workload.Trace(["execsnoop", "-T", "-t", "-U", "-M", "-C", "--max-args", "2"], "thread-exec", True, "one", "two");
        string[] lines = traced.Output.TrimEnd('\n').Split('\n');
        Assert.Matches(@"^TIME     TIME\(s\)  UID    COMM             PID     PCOMM            PPID    CPU  RET ARGS$", lines[0]);
        Assert.Matches(@"^\d\d:\d\d:\d\d \d+\.\d{3} +0      true             \d+ +.{17}\d+ +\d +0 /bin/true one \.\.\.$", lines[^1]);
    }

    [Theory]
    [InlineData(2, "\"(\" is not a valid regular expression: *", "-n", "(")]
    [InlineData(2, "\"(a)\\\\1\" uses a backreference, *", "-l", @"(a)\1")]
    [InlineData(2, "--name must have at most 15 bytes, because the kernel keeps no more of a command name, but is '1234567890123456'; *", "-n", "^1234567890123456$")]
    [InlineData(2, "'bash' does not match 'z.h', so nothing would match both --comm and --name; *", "--comm", "bash", "-n", "z.h")]
    [InlineData(2, "--max-args must be a whole number of 1 or more, but is '0'; *", "--max-args", "0")]
    [InlineData(2, "--buffer-pages must be a whole number from 16 to 131072, but is '8'; *", "-b", "8")]
    [InlineData(1, "there is no process 2147483647: *", "-P", "2147483647")]
    public void Bad_input_gets_one_sentence(int exit, string sentence, params string[] arguments) =>
        BadInputTests.Refused(exit, sentence, Programs.Direct, ["execsnoop", "--duration", "0.1", .. arguments]);

    private static string RealPath(string path)
    {
        using RunningProgram real = RunningProgram.Run("/usr/bin/realpath", path);
        return real.Output.TrimEnd('\n');
    }
}
