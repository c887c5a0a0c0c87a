using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Something about this machine or process that decides what can be traced.</summary>
/// <param name="Name">What, as a name for programs, for example <c>lockdown</c>.</param>
/// <param name="Value">Its value in a few words; <c>unknown</c> if it could not be found out.</param>
/// <param name="Meaning">What it means here, or how it could be found out; empty if the value says it all.</param>
public readonly record struct MachineFact(string Name, string Value, string Meaning);

/// <summary>Reads what decides what can be traced. Nothing here needs a privilege, and nothing is changed.</summary>
public static class MachineFacts
{
    private const string Unknown = "unknown";

    // Those that a tracing tool can have a use for.
    private static readonly CapabilitySet Useful = CapabilitySet.Bpf | CapabilitySet.PerfMon | CapabilitySet.SysAdmin | CapabilitySet.NetAdmin
        | CapabilitySet.SysResource | CapabilitySet.DacOverride | CapabilitySet.ReadSearch | CapabilitySet.Syslog;

    /// <summary>All of them, in the order in which they are told.</summary>
    public static IReadOnlyList<MachineFact> Read(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var facts = new List<MachineFact>
        {
            new("kernel", kernel.Release, kernel.Version is { Major: > 0 } version && version < new Version(5, 10) ? "tools are made for 5.10 and later" : ""),
            new("architecture", Architecture(RuntimeInformation.OSArchitecture), RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64 ? "" : "tools are made for x86_64"),
            Configuration(kernel),
            Types(kernel),
            Lockdown(kernel),
            Capabilities(kernel),
            UserNamespace(kernel),
            Seccomp(kernel),
            Container(kernel),
            Tracefs(kernel),
            Setting(kernel, "kptr_restrict", "/proc/sys/kernel/kptr_restrict", static value => value switch
            {
                "0" => "kernel addresses are shown to who has CAP_SYSLOG, and to all where perf_event_paranoid is 1 or less",
                "1" => "kernel addresses are shown to who has CAP_SYSLOG",
                "2" => "kernel addresses are shown to nobody: functions are found by name alone",
                _ => "",
            }),
            Setting(kernel, "perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", static value =>
                int.TryParse(value, out int level) && level >= 2 ? level == 2 ? "perf events of the kernel take CAP_PERFMON" : "perf events take CAP_SYS_ADMIN" : ""),
            Setting(kernel, "unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled", static value => value switch
            {
                "0" => "without CAP_BPF only socket filters may be loaded",
                _ => "without CAP_BPF nothing may be loaded",
            }),
            Setting(kernel, "bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable", static value => value == "0" ? "programs are interpreted, which costs several times as much: sysctl net.core.bpf_jit_enable=1" : "programs run as machine code"),
            Setting(kernel, "bpf_stats_enabled", "/proc/sys/kernel/bpf_stats_enabled", static value => value == "0" ? "" : "every run of a program is measured, which costs about 100 ns each"),
            LockedMemory(kernel),
        };
        return facts;
    }

    private static string Architecture(Architecture architecture) => architecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        _ => architecture.ToString().ToLowerInvariant(),
    };

    private static MachineFact Configuration(Kernel kernel) => kernel.Configuration.Source is { Length: > 0 } source
        ? new("configuration", "known", source)
        : new("configuration", Unknown, $"neither /proc/config.gz nor /boot/config-{kernel.Release} can be read, so why something is missing is guessed by the version");

    private static MachineFact Types(Kernel kernel)
    {
        FeatureAnswer answer = kernel.Probe(KernelFeatures.KernelTypes);
        return new("btf", answer.Support == FeatureSupport.Yes ? "yes" : answer.Support == FeatureSupport.No ? "no" : Unknown, answer.Evidence);
    }

    private static MachineFact Lockdown(Kernel kernel)
    {
        string mode = kernel.Lockdown;
        return new("lockdown", mode, mode switch
        {
            "none" => "",
            "integrity" => "programs may not write to memory of processes or the kernel; tracing goes on",
            "confidentiality" => "programs may not read the kernel's memory, and perf's kprobes and tracefs are shut: boot without it",
            _ => "/sys/kernel/security/lockdown cannot be read: mount -t securityfs securityfs /sys/kernel/security",
        });
    }

    private static MachineFact Capabilities(Kernel kernel)
    {
        CapabilitySet have = kernel.Capabilities.And(Useful);
        CapabilitySet missing = kernel.Capabilities.MissingOf(CapabilitySet.Bpf | CapabilitySet.PerfMon);
        return new(
            "capabilities",
            have.IsEmpty ? "none" : have == Useful ? "all that matter" : string.Join(' ', have.Names),
            !missing.IsEmpty ? $"to trace takes {missing}" : have == Useful ? "" : $"without {new CapabilitySet(Useful.Bits & ~have.Bits)}");
    }

    private static MachineFact UserNamespace(Kernel kernel) => ProcessStatus.IsInUserNamespace(kernel) switch
    {
        true => new("user_namespace", "its own", "the capabilities of this process do not count for the whole machine: run it outside of the container or namespace"),
        false => new("user_namespace", "the first", ""),
        null => new("user_namespace", Unknown, "/proc/self/uid_map cannot be read"),
    };

    private static MachineFact Seccomp(Kernel kernel) => ProcessStatus.Seccomp(kernel) switch
    {
        "0" => new("seccomp", "none", ""),
        "1" or "2" => new("seccomp", "filter", "a filter watches this process, and may forbid bpf(2) and perf_event_open(2)"),
        _ => new("seccomp", Unknown, "/proc/self/status does not say"),
    };

    // Nothing says for certain that a process is in a container; these are the traces that their makers leave.
    private static MachineFact Container(Kernel kernel)
    {
        var hints = new List<string>();
        foreach (string file in (string[])["/.dockerenv", "/run/.containerenv", "/run/systemd/container"])
        {
            using KernelDescriptor? there = kernel.Calls.Open(file, out _);
            if (there is not null)
            {
                hints.Add($"there is {file}");
            }
        }

        string groups = kernel.Calls.ReadText("/proc/self/cgroup", out _) ?? "";
        foreach (string word in (string[])["docker", "kubepods", "containerd", "libpod", "lxc", "machine.slice"])
        {
            if (groups.Contains(word, StringComparison.Ordinal))
            {
                hints.Add($"its cgroup has {word} in its name");
                break;
            }
        }

        return hints.Count > 0
            ? new("container", "perhaps", string.Join(" and ", hints))
            : new("container", "no sign of one", "");
    }

    private static MachineFact Tracefs(Kernel kernel)
    {
        TracefsMount tracefs = TracefsMount.Find(kernel);
        return tracefs.State != TracefsState.Readable && kernel.Lockdown == "confidentiality"
            ? new("tracefs", tracefs.Word, "kernel lockdown (confidentiality) shuts it")
            : new("tracefs", tracefs.Word, tracefs.Details);
    }

    private static MachineFact Setting(Kernel kernel, string name, string path, Func<string, string> meaning)
    {
        string? value = kernel.Calls.ReadText(path, out int error)?.Trim();
        return value is null ? new(name, Unknown, $"{path} gives {Errno.NameOf(error)}") : new(name, value, meaning(value));
    }

    private static MachineFact LockedMemory(Kernel kernel)
    {
        ulong limit = kernel.Calls.GetLockedMemoryLimit();
        string value = limit == ResourceLimit.Infinity ? "unlimited" : $"{limit / 1024} KB";
        return new("locked_memory", value, kernel.CountsLockedMemory
            ? $"maps and programs count against it before Linux 5.11; it is lifted where this process may ({CapabilitySet.SysResource})"
            : "no matter: it counts before Linux 5.11 only");
    }
}
