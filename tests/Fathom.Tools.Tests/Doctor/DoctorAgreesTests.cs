using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Fathom.Tools.Tests.Doctor;

/// <summary>In each situation, what the doctor says of a tool is compared with what the tool does there.</summary>
public sealed class DoctorAgreesTests
{
    private const string InMountNamespace = "unshare -m";

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

        JsonElement[] simple = [.. verdicts.Where(static verdict => verdict.GetProperty("parts").GetArrayLength() == 1)];
        Assert.Equal(["biolatency", "execsnoop", "opensnoop", "runqlat", "tcplife"], simple.Select(static verdict => verdict.GetProperty("name").GetString()));
        foreach (JsonElement verdict in simple)
        {
            JsonElement part = verdict.GetProperty("parts")[0];
            using RunningProgram tool = Run(command, verdict.GetProperty("name").GetString()!, "--duration", "0.1");
            Assert.Equal(verdict.GetProperty("runs").GetBoolean(), tool.ExitCode == 0);
            Assert.Equal(cause.Length == 0 ? null : cause, part.GetProperty("cause").GetString());
            if (cause.Length > 0)
            {
                Assert.Equal($"fathom: {part.GetProperty("why").GetString()}\n", tool.Errors);
                Assert.NotEmpty(part.GetProperty("change").GetString()!);
            }
            else
            {
                Assert.NotEmpty(part.GetProperty("sources").EnumerateArray());
            }
        }

        // funccount must be told what to count, and its parts are tried by kind.
        JsonElement[] parts = [.. verdicts.Single(static verdict => verdict.GetProperty("name").GetString() == "funccount").GetProperty("parts").EnumerateArray()];
        string[] patterns = ["kernel_power_off", "c:getgrgid_r", "t:sched:sched_kthread_stop", "t:syscalls:sys_enter_sysfs"];
        Assert.Equal(patterns.Length, parts.Length);
        foreach ((JsonElement part, string pattern) in parts.Zip(patterns))
        {
            using RunningProgram count = Run(command, "funccount", "--duration", "0.1", pattern);
            Assert.True(part.GetProperty("runs").GetBoolean() == (count.ExitCode == 0), $"{pattern}: {part}, but {count.ExitCode}: {count.Errors}");
        }

        LoadedPrograms.MustAllHaveAnOwner();
    }

    [Fact]
    public void Without_privileges_it_says_what_they_would_add_and_knows_what_it_knows()
    {
        Programs.NeedRoot();
        using var copy = new CopyForAll();
        using var doctor = RunningProgram.Run(Programs.Find("setpriv", "util-linux"), "--reuid", "65534", "--clear-groups", copy.Program, "doctor");
        Assert.Contains("\nWhat privileges would add:\n  With CAP_PERFMON and CAP_BPF: biolatency, execsnoop, funccount, opensnoop,", doctor.Output, StringComparison.Ordinal);
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
