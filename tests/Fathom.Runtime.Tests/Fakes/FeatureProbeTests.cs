using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>What the probes make of each answer of a kernel, and that they leave nothing behind whatever it is.</summary>
public sealed unsafe class FeatureProbeTests
{
    private readonly FakeSystemCalls _calls = new();

    public FeatureProbeTests()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = Types();
        _calls.Files["/sys/bus/event_source/devices/kprobe/type"] = "6\n"u8.ToArray();
        _calls.Files["/sys/bus/event_source/devices/uprobe/type"] = "7\n"u8.ToArray();
        _calls.Files["/proc/self/uid_map"] = "         0          0 4294967295\n"u8.ToArray();
        _calls.Files["/proc/self/status"] = "Name:\tfathom\nUid:\t0\t0\t0\t0\nSeccomp:\t0\n"u8.ToArray();
    }

    private static Dictionary<string, KernelFeature> Features => KernelFeatures.All.ToDictionary(static feature => feature.Name);

    public static TheoryData<int> Errors => [0, Errno.EPERM, Errno.EACCES, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.ENOENT, Errno.ENODEV, Errno.EBADF, Errno.ENOMEM, Errno.EBUSY, Errno.ENOSYS];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Nothing_is_left_behind_whatever_the_kernel_answers(int error)
    {
        foreach (BpfCommand command in (BpfCommand[])[BpfCommand.MapCreate, BpfCommand.ProgramLoad, BpfCommand.LinkCreate, BpfCommand.RawTracepointOpen, BpfCommand.BtfLoad, BpfCommand.EnableStatistics, BpfCommand.MapLookupBatch])
        {
            _calls.Fail(command, error);
            _calls.PerfError = command == BpfCommand.LinkCreate ? 0 : error;
            Runtime.Kernel kernel = new(_calls);
            foreach (KernelFeature feature in KernelFeatures.All)
            {
                FeatureAnswer answer = kernel.Probe(feature);
                Assert.NotEmpty(answer.Evidence);
                Assert.Equal(answer.Support == FeatureSupport.Yes, answer.Cause == RefusalCause.None);
                Assert.True(answer.Missing.IsEmpty || answer.Cause == RefusalCause.MissingCapability, $"{feature}: {answer}");
            }

            Assert.Empty(_calls.Open);
            _calls.Fail(command, 0);
        }
    }

    [Theory]
    [InlineData("kprobe_multi", Errno.EOPNOTSUPP, FeatureSupport.No)]
    [InlineData("kprobe_multi", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("kprobe_multi", 0, FeatureSupport.Yes)]
    [InlineData("uprobe_multi", Errno.ENOENT, FeatureSupport.Yes)]
    [InlineData("uprobe_multi", Errno.EOPNOTSUPP, FeatureSupport.No)]
    [InlineData("uprobe session", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("tcx", Errno.ENODEV, FeatureSupport.Yes)]
    [InlineData("tcx", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("XDP link", Errno.EOPNOTSUPP, FeatureSupport.Yes)]
    [InlineData("XDP link", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("cgroup programs by link", Errno.EBADF, FeatureSupport.Yes)]
    [InlineData("cgroup programs by link", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("perf link", Errno.EINVAL, FeatureSupport.No)]
    [InlineData("iterator over tasks", Errno.ENOMEM, FeatureSupport.Unknown)]
    public void A_link_tells_by_its_errno(string feature, int error, FeatureSupport support)
    {
        _calls.Fail(BpfCommand.LinkCreate, error);
        Assert.Equal(support, new Runtime.Kernel(_calls).Probe(Features[feature]).Support);
    }

    [Fact]
    public void The_kprobes_of_perf_are_tried_and_those_that_are_not_there_are_a_no()
    {
        Assert.Equal(FeatureSupport.Yes, Ask("kprobe by perf").Support);
        _calls.PerfError = Errno.ENOENT;
        Assert.Equal(FeatureSupport.Yes, Ask("uprobe by perf").Support);
        _calls.Files.Remove("/sys/bus/event_source/devices/kprobe/type");
        FeatureAnswer answer = Ask("kprobe by perf");
        Assert.Equal((FeatureSupport.No, RefusalCause.MissingConfig), (answer.Support, answer.Cause));
    }

    [Fact]
    public void A_policy_is_told_from_a_missing_capability()
    {
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);
        FeatureAnswer answer = Ask("fentry");
        Assert.Equal((FeatureSupport.No, RefusalCause.KernelPolicy), (answer.Support, answer.Cause));
        Assert.Equal(
            "a program at fentry/kernel_power_off gives EPERM and an empty log, although the process has CAP_PERFMON and CAP_BPF: a policy of this kernel or machine",
            answer.Evidence);

        _calls.Capabilities = CapabilitySet.Bpf;
        answer = Ask("fentry");
        Assert.Equal((FeatureSupport.Unknown, RefusalCause.MissingCapability, CapabilitySet.PerfMon), (answer.Support, answer.Cause, answer.Missing));

        _calls.Capabilities = new(ulong.MaxValue);
        _calls.Files["/proc/self/uid_map"] = "0 1000 1\n"u8.ToArray();
        Assert.Equal((FeatureSupport.Unknown, RefusalCause.UserNamespace), (Ask("fentry").Support, Ask("fentry").Cause));
    }

    [Fact]
    public void What_the_verifier_refuses_with_words_is_no_policy()
    {
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            FakeSystemCalls.WriteLog(attributes, "something else\nprocessed 0 insns (limit 1000000)\n");
            return -Errno.EACCES;
        });
        Assert.Equal((FeatureSupport.Unknown, RefusalCause.Other), (Ask("fentry").Support, Ask("fentry").Cause));
    }

    [Fact]
    public void Functions_that_cannot_be_patched_are_found_by_attaching()
    {
        _calls.Fail(BpfCommand.RawTracepointOpen, Errno.EBUSY);
        Assert.Equal(FeatureSupport.No, Ask("fentry").Support);
    }

    [Fact]
    public void The_configuration_says_why_and_the_version_is_a_hint()
    {
        _calls.Fail(BpfCommand.LinkCreate, Errno.EOPNOTSUPP);
        FeatureAnswer answer = Ask("kprobe_multi");
        Assert.Equal(RefusalCause.MissingConfig, answer.Cause);
        Assert.EndsWith("gives EOPNOTSUPP; a kernel of this version has it where it is built with CONFIG_FPROBE=y", answer.Evidence, StringComparison.Ordinal);

        _calls.Files["/boot/config-6.1.0-56-cloud-amd64"] = "CONFIG_BPF=y\n# CONFIG_FPROBE is not set\nCONFIG_UPROBES=y\n"u8.ToArray();
        answer = Ask("kprobe_multi");
        Assert.EndsWith("gives EOPNOTSUPP; CONFIG_FPROBE is not set in /boot/config-6.1.0-56-cloud-amd64", answer.Evidence, StringComparison.Ordinal);

        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        answer = Ask("uprobe_multi");
        Assert.Equal(RefusalCause.TooOld, answer.Cause);
        Assert.EndsWith("gives EINVAL; it came in Linux 6.6, and this is 6.1.0", answer.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_kernel_is_built_without_takes_no_privileges_to_know()
    {
        _calls.Capabilities = default;
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);
        Assert.Equal(FeatureSupport.Unknown, Ask("kprobe_multi").Support);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
        {
            gzip.Write("# CONFIG_FPROBE is not set\n"u8);
        }

        _calls.Files["/proc/config.gz"] = packed.ToArray();
        FeatureAnswer answer = Ask("kprobe_multi");
        Assert.Equal((FeatureSupport.No, RefusalCause.MissingConfig), (answer.Support, answer.Cause));
        Assert.EndsWith("; CONFIG_FPROBE is not set in /proc/config.gz", answer.Evidence, StringComparison.Ordinal);
        Assert.Equal(FeatureSupport.Unknown, Ask("uprobe_multi").Support);
    }

    [Theory]
    [InlineData("tracefs", true, 0, "readable", FeatureSupport.Yes, RefusalCause.None)]
    [InlineData("tracefs", false, Errno.EACCES, "not readable", FeatureSupport.Unknown, RefusalCause.MissingCapability)]
    [InlineData("", false, 0, "not mounted", FeatureSupport.Unknown, RefusalCause.HiddenTracefs)]
    [InlineData("tmpfs", false, 0, "hidden", FeatureSupport.Unknown, RefusalCause.HiddenTracefs)]
    public void Tracefs_that_is_hidden_is_told_from_one_that_is_not_mounted(string type, bool isThere, int error, string word, FeatureSupport support, RefusalCause cause)
    {
        const string Root = "/sys/kernel/tracing";
        _calls.Capabilities = CapabilitySet.Bpf | CapabilitySet.PerfMon;
        _calls.Files[Root] = [];
        if (type.Length > 0)
        {
            _calls.Files["/proc/self/mountinfo"] = Encoding.ASCII.GetBytes(
                $"23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n32 23 0:12 / {Root} rw,relatime - tracefs tracefs rw\n33 23 0:13 / {Root} rw,relatime - {type} none rw\n");
        }

        if (isThere)
        {
            _calls.Files[Root + "/events"] = [];
            _calls.Files[Root + "/kprobe_events"] = [];
            _calls.Files[Root + "/events/sched/sched_switch/id"] = "314\n"u8.ToArray();
        }
        else if (error != 0)
        {
            foreach (string name in (string[])["/events", "/kprobe_events", "/events/sched/sched_switch/id"])
            {
                _calls.FileErrors[Root + name] = error;
            }
        }

        foreach (string feature in (string[])["perf tracepoint", "kprobe by tracefs"])
        {
            Assert.Equal((support, cause), (Ask(feature).Support, Ask(feature).Cause));
        }

        Assert.Equal(word, MachineFacts.Read(new(_calls)).Single(static fact => fact.Name == "tracefs").Value);
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void A_mount_on_a_folder_above_hides_tracefs_too()
    {
        _calls.Files["/proc/self/mountinfo"] = "32 23 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n33 23 0:13 / /sys/kernel rw - tmpfs none rw\n"u8.ToArray();
        Assert.Equal("hidden", MachineFacts.Read(new(_calls)).Single(static fact => fact.Name == "tracefs").Value);
    }

    [Fact]
    public void Programs_that_no_security_module_runs_are_a_no()
    {
        Assert.Contains("is not known", Ask("LSM programs").Evidence, StringComparison.Ordinal);
        _calls.Files["/sys/kernel/security/lsm"] = "lockdown,yama,bpf"u8.ToArray();
        Assert.Equal(FeatureSupport.Yes, Ask("LSM programs").Support);
        _calls.Files["/sys/kernel/security/lsm"] = "lockdown,yama"u8.ToArray();
        FeatureAnswer answer = Ask("LSM programs");
        Assert.Equal((FeatureSupport.No, RefusalCause.MissingConfig), (answer.Support, answer.Cause));
        Assert.Contains("lsm=lockdown,yama,bpf", answer.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public void Facts_name_what_matters_and_read_nothing_that_is_not_there()
    {
        _calls.Capabilities = CapabilitySet.Bpf | CapabilitySet.Syslog | new CapabilitySet(1);
        _calls.Files["/run/.containerenv"] = [];
        _calls.Files["/proc/self/cgroup"] = "0::/kubepods/burstable\n"u8.ToArray();
        Dictionary<string, MachineFact> facts = MachineFacts.Read(new(_calls)).ToDictionary(static fact => fact.Name);

        Assert.Equal(("CAP_SYSLOG CAP_BPF", "to trace takes CAP_PERFMON"), (facts["capabilities"].Value, facts["capabilities"].Meaning));
        Assert.Equal(("perhaps", "there is /run/.containerenv and its cgroup has kubepods in its name"), (facts["container"].Value, facts["container"].Meaning));
        Assert.Equal(("unknown", "/proc/sys/kernel/kptr_restrict gives ENOENT"), (facts["kptr_restrict"].Value, facts["kptr_restrict"].Meaning));
        Assert.Equal(("none", "the first"), (facts["lockdown"].Value, facts["user_namespace"].Value));
        Assert.Empty(_calls.Open);
    }

    private FeatureAnswer Ask(string feature) => new Runtime.Kernel(_calls).Probe(Features[feature]);

    private static byte[] Types()
    {
        var builder = new BtfBuilder();
        int prototype = builder.AddFunctionPrototype(0, []);
        foreach (string name in (string[])["kernel_power_off", "bpf_iter_task", "bpf_lsm_syslog"])
        {
            builder.AddFunction(name, prototype, BtfLinkage.Static);
        }

        builder.AddTypedef("btf_trace_sched_kthread_stop", builder.AddPointer(prototype));
        return builder.ToArray();
    }
}
