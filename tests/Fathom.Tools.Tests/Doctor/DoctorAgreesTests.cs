using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Fathom.Cli;
using Xunit;

namespace Fathom.Tools.Tests.Doctor;

/// <summary>In each situation, what the doctor says of a tool is compared with what the tool does there.</summary>
public sealed class DoctorAgreesTests
{
    private const string InMountNamespace = "unshare -m";

    private static readonly ConcurrentDictionary<string, string[][]> s_tries = [];

    [Theory]
    [InlineData("", "")]
    [InlineData("setpriv --reuid 65534 --clear-groups", "missing-capability")]
    [InlineData("setpriv --reuid 65534 --clear-groups --inh-caps +bpf --ambient-caps +bpf", "missing-capability")]
    [InlineData("setpriv --reuid 65534 --clear-groups --inh-caps +perfmon --ambient-caps +perfmon", "missing-capability")]
    [InlineData("setpriv --reuid 65534 --clear-groups --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon", "")]
    [InlineData("setpriv --bounding-set -all", "missing-capability")]
    [InlineData("unshare -Ur", "user-namespace")]
    [InlineData(InMountNamespace, "missing-btf", "mount -t tmpfs none /sys/kernel/btf")]
    [InlineData(InMountNamespace, "missing-btf", "umount -l /sys")]
    [InlineData(InMountNamespace, "", "{ mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; } && mount -t tmpfs none /sys/kernel/tracing")]
    public void Each_tool_does_what_the_doctor_says(string wrapper, string cause, string preparation = "true")
    {
        Programs.NeedRoot();
        using var copy = new CopyForAll();
        string[] shell = ["/bin/sh", "-c", preparation + " && exec \"$0\" \"$@\"", copy.Program];
        string[] command = [.. wrapper.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. shell];
        if (wrapper.Length > 0)
        {
            command[0] = Programs.Find(command[0], "util-linux");
            using var possible = RunningProgram.Run(command[0], [.. command[1..^shell.Length], "/bin/sh", "-c", preparation]);
            Assert.SkipUnless(possible.ExitCode == 0, $"This cannot be set up here: {possible.Errors.Trim()}");
        }

        using RunningProgram doctor = Run(command, "doctor", "--json");
        Assert.Equal("", doctor.Errors);
        JsonElement[] verdicts = [.. Lines(doctor.Output, "verdict")];
        Assert.Equal(verdicts.All(static verdict => verdict.GetProperty("runs").GetBoolean()) ? 0 : 1, doctor.ExitCode);

        Assert.Equal(EveryToolNames, verdicts.Select(static verdict => verdict.GetProperty("name").GetString()));
        foreach (JsonElement verdict in verdicts)
        {
            string name = verdict.GetProperty("name").GetString()!;
            JsonElement[] parts = [.. verdict.GetProperty("parts").EnumerateArray()];
            foreach ((JsonElement part, string[] arguments) in parts.Zip(Tries(name)))
            {
                using RunningProgram tool = Run(command, [.. arguments, "--duration", "0.1"]);
                bool runs = part.GetProperty("runs").GetBoolean();
                Assert.True(runs == (tool.ExitCode == 0), $"{string.Join(' ', arguments)}: {part}, but {tool.ExitCode}: {tool.Errors}");
                Assert.Equal(runs, part.GetProperty("sources").EnumerateArray().Any());
                Assert.NotEqual(runs, part.GetProperty("change").GetString()?.Length > 0);

                // A tool that can be told what to watch has several ways, whose refusals differ.
                if (parts.Length == 1)
                {
                    Assert.Equal(cause.Length == 0 ? null : cause, part.GetProperty("cause").GetString());

                    // One that runs says there what it lost, too, such as requests that the machine was about to make.
                    string[] complaints = [.. tool.Errors.Split('\n').Where(static line => line.StartsWith("fathom: ", StringComparison.Ordinal))];
                    Assert.Equal(runs ? [] : [$"fathom: {part.GetProperty("why").GetString()}"], complaints);
                }
            }

            Assert.Equal(parts.Length, Tries(name).Length);
        }

        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Fact]
    public void Without_privileges_it_says_what_they_would_add_and_knows_what_it_knows()
    {
        Programs.NeedRoot();
        using var copy = new CopyForAll();
        using var doctor = RunningProgram.Run(Programs.Find("setpriv", "util-linux"), "--reuid", "65534", "--clear-groups", copy.Program, "doctor", "-v");
        Assert.Contains($"\nWhat privileges would add:\n  With CAP_PERFMON and CAP_BPF: {string.Join(", ", EveryToolNames)[..40]}", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("\n  yes      kernel BTF (5.2): ", doctor.Output, StringComparison.Ordinal);
        Assert.All(doctor.Output.Split('\n'), static line => Assert.True(line.Length < 80, line));
        Assert.Equal(1, doctor.ExitCode);
    }

    [Fact]
    public void Hidden_tracefs_is_told_from_one_that_is_not_mounted()
    {
        Programs.NeedRoot();
        Assert.Equal("not mounted", Tracefs("while umount /sys/kernel/tracing 2>/dev/null; do :; done; while umount /sys/kernel/debug/tracing 2>/dev/null; do :; done; while umount /sys/kernel/debug 2>/dev/null; do :; done"));
        Assert.Equal("readable", Tracefs("mount -t tracefs tracefs /sys/kernel/tracing"));
        Assert.Equal("hidden", Tracefs("{ mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; } && mount -t tmpfs none /sys/kernel/tracing && ! umount /sys/kernel/debug 2>/dev/null"));
    }

    [Fact]
    public void The_mode_of_lockdown_is_known_where_securityfs_is_mounted()
    {
        Programs.NeedRoot();
        const string Path = "/sys/kernel/security";
        using var doctor = RunningProgram.Run(
            Programs.Find("unshare", "util-linux"), "-m", "/bin/sh", "-c", $"mountpoint -q {Path} || mount -t securityfs securityfs {Path} && test -e {Path}/lockdown && exec \"$0\" doctor --json", Programs.Direct);
        Assert.SkipUnless(doctor.Output.Length > 0, $"securityfs cannot be mounted, or this kernel has no lockdown: {doctor.Errors}");
        Assert.Contains(Value(doctor.Output, "lockdown"), (string[])["none", "integrity", "confidentiality"]);
    }

    private static IEnumerable<string> EveryToolNames => AllTools.Create().Select(static tool => tool.Description.Name);

    // What the tool is given for each part that it was tried in.
    private static string[][] Tries(string name) => s_tries.GetOrAdd(name, static name =>
        [.. EveryTool.Tool.Find(name).Examine().Parts.Select(part => part.Sample.Length > 0 ? [name, part.Sample] : EveryTool.Tool.Command(name))]);

    private static string Tracefs(string preparation)
    {
        using var doctor = RunningProgram.Run(
            Programs.Find("unshare", "util-linux"), "-m", "/bin/sh", "-c", preparation + "\nexec \"$0\" doctor --json", Programs.Direct);
        Assert.NotEqual("", doctor.Output);
        return Value(doctor.Output, "tracefs");
    }

    private static string Value(string output, string fact) =>
        Lines(output, "fact").Single(line => line.GetProperty("name").GetString() == fact).GetProperty("value").GetString()!;

    private static RunningProgram Run(string[] command, params string[] arguments) => RunningProgram.Run(command[0], [.. command[1..], .. arguments]);

    private static IEnumerable<JsonElement> Lines(string output, string type) => output.TrimEnd('\n').Split('\n')
        .Select(static line => JsonDocument.Parse(line).RootElement)
        .Where(line => line.GetProperty("type").GetString() == type);
}
