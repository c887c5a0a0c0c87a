using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using Xunit;

namespace Fathom.Tools.Tests.Events;

/// <summary>Beside libbpf-tools' tool of the same name on the same events: every row that it shows, we show.</summary>
[Collection("events")]
public sealed partial class EventPeerTests(ITestOutputHelper output)
{
    private const int Processes = 500;

    // What takes part: the processes of the workload have this in their environment of names.
    private const string Job = "fathom-job";

    private static string Script(string folder)
    {
        string script = folder + "/" + Job;
        File.WriteAllText(script, "#!/bin/sh\n/bin/cat /etc/hostname \"$1\" >/dev/null 2>&1\n(: <\"$2\") 2>/dev/null\n: >\"$3\"\n");
        RunningProgram.Run("/bin/chmod", "755", script).Dispose();
        return script;
    }

    // As a parallel build: four at a time, each with children.
    private static void RunJobs(string folder) => RunningProgram.Run(
        "/bin/sh", "-c", $"seq 1 {Processes} | xargs -P 4 -I@ {folder}/{Job} {folder}/missing-@ {folder}/{Job} {folder}/made-@").Dispose();

    [Fact]
    public void Opensnoop_shows_every_row_of_its_peer()
    {
        (List<string> ours, List<string> theirs, string folder) = Both("opensnoop", ["-b", "16384", "--budget", "off"]);
        (string, string, string) Parse(string line)
        {
            Match match = OpenLine().Match(line);
            return (match.Groups["pid"].Value, match.Groups["fd"].Value == "-1" ? "-" + match.Groups["error"].Value : match.Groups["fd"].Value, match.Groups["path"].Value);
        }

        var known = ours.Select(Parse).Where(row => row.Item3.StartsWith(folder, StringComparison.Ordinal)).ToList();
        var peers = theirs.Select(Parse).Where(row => row.Item3.StartsWith(folder, StringComparison.Ordinal)).ToList();
        Compare(known, peers);

        // Each job opens its script three times (the shell to run it, the redirection, and the kernel's own, which is no call), what is
        // missing, and what it makes.
        Assert.Equal(Processes, known.Count(row => row.Item3.Contains("/missing-", StringComparison.Ordinal)));
        Assert.Equal(Processes, known.Count(row => row.Item3.Contains("/made-", StringComparison.Ordinal)));
    }

    [Fact]
    public void Execsnoop_shows_every_row_of_its_peer()
    {
        (List<string> ours, List<string> theirs, string folder) = Both("execsnoop", []);
        (string, string) Parse(string line)
        {
            Match match = ExecLine().Match(line);
            return (match.Groups["pid"].Value, match.Groups["line"].Value.TrimEnd(' '));
        }

        // The shell that starts the jobs has an argument of more than 128 bytes, which the peer cuts off.
        bool IsJob((string, string Line) row) => row.Line.Contains(folder, StringComparison.Ordinal) && !row.Line.StartsWith("/bin/sh -c", StringComparison.Ordinal);
        var known = ours.Select(Parse).Where(IsJob).ToList();
        var peers = theirs.Select(Parse).Where(IsJob).ToList();
        Compare(known, peers);

        // The script, and the program that it runs.
        Assert.Equal(Processes, known.Count(row => row.Item2.StartsWith(folder + "/" + Job + " ", StringComparison.Ordinal)));
        Assert.Equal(Processes, known.Count(static row => row.Item2.StartsWith("/bin/cat ", StringComparison.Ordinal)));
    }

    private static (List<string> Ours, List<string> Theirs, string Folder) Both(string tool, string[] options)
    {
        Programs.NeedRoot();
        string peerFile = Programs.Find(tool, "libbpf-tools");
        string script = Programs.Find("script", "bsdutils");
        string folder = Workload.Folder();
        Script(folder);
        using RunningProgram ours = RunningProgram.Start(Programs.Direct, [tool, .. options]);

        // The peer writes its lines into a full buffer unless it has a terminal, which this gives it.
        using RunningProgram theirs = RunningProgram.Start(script, "-qefc", peerFile, "/dev/null");
        ours.WaitFor("PID");
        theirs.WaitFor("PID");
        RunJobs(folder);

        // The peer has a buffer on each CPU, which it reads one after the other: a row on each CPU says that those before it have been read. If it
        // has lost that, there are more.
        string taskset = Programs.Find("taskset", "util-linux");
        while (Cpus.Any(cpu => !theirs.Output.Contains(End(cpu), StringComparison.Ordinal) || !ours.Output.Contains(End(cpu), StringComparison.Ordinal)))
        {
            Assert.False(theirs.HasEnded || ours.HasEnded, "A tool has ended: " + ours.Errors + theirs.Errors);
            foreach (int cpu in Cpus)
            {
                RunningProgram.Run(taskset, "-c", cpu.ToString(CultureInfo.InvariantCulture), "/bin/cat", End(cpu)).Dispose();
            }

            Thread.Sleep(100);
        }

        ours.Stop();
        Assert.Equal("", ours.Errors);
        List<string> known = Rows(ours.Output), peers = Rows(theirs.Output.Replace("\r", "", StringComparison.Ordinal));
        Workload.Remove(folder);
        return (known, peers, folder);

        string End(int cpu) => $"{folder}/the-end-{cpu}";
        List<string> Rows(string output) => [.. output.Split('\n').Where(row => !row.Contains(folder + "/the-end-", StringComparison.Ordinal))];
    }

    private static IEnumerable<int> Cpus => Enumerable.Range(0, Environment.ProcessorCount);

    private void Compare<T>(List<T> ours, List<T> theirs)
        where T : notnull
    {
        var rest = ours.GroupBy(static row => row).ToDictionary(static rows => rows.Key, static rows => rows.Count());
        var missing = new List<T>();
        foreach (T row in theirs)
        {
            if (rest.GetValueOrDefault(row) > 0)
            {
                rest[row]--;
            }
            else
            {
                missing.Add(row);
            }
        }

        output.WriteLine($"{ours.Count} rows of ours, {theirs.Count} of theirs; only ours: {rest.Values.Sum()}");
        foreach (T row in rest.Where(static row => row.Value > 0).Select(static row => row.Key).Take(10))
        {
            output.WriteLine($"only ours: {row}");
        }

        Assert.True(theirs.Count > Processes, "The peer did not see the workload.");
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"^(?<pid>\d+) +.{16} +(?<fd>-?\d+) +(?<error>\d+) +(?<path>.*)$")]
    private static partial Regex OpenLine();

    [GeneratedRegex(@"^.{16} +(?<pid>\d+) +\d+ +-?\d+ +(?<line>.*)$")]
    private static partial Regex ExecLine();
}
