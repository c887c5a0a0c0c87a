using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>Attaching where the kernel refuses, without a kernel: the way that is taken next, what is said, and that nothing stays.</summary>
public sealed unsafe class AttachingTests
{
    private const string Tracing = "/sys/kernel/tracing";
    private const string KprobeEvents = Tracing + "/kprobe_events";
    private const string UprobeEvents = Tracing + "/uprobe_events";
    private const string KprobePmu = "/sys/bus/event_source/devices/kprobe/type";
    private const string UprobePmu = "/sys/bus/event_source/devices/uprobe/type";

    private readonly FakeSystemCalls _calls = new();

    public AttachingTests()
    {
        // f: push, ret.
        byte[] image = new ImageBuilder().Symbols(true, ("f", 0x12, 1, ImageBuilder.CodeAddress, 2)).Code(0, 0x55, 0xc3).Build();
        foreach (string path in (string[])["/lib/a.so", "/lib/a b.so", "/lib/{0}.so"])
        {
            _calls.Files[path] = image;
        }
    }

    private Runtime.Kernel Kernel => new(_calls);

    [Fact]
    public void A_kernel_without_the_perf_pmu_makes_kprobes_by_tracefs()
    {
        MountTracefs("");

        Attached("kprobe", static program => program.AttachKprobe("vfs_read", 5), "tracefs kprobe");

        Assert.Equal([$"{KprobeEvents}: p:NAME vfs_read+0x5", $"{KprobeEvents}: -:NAME"], Written());
    }

    [Fact]
    public void A_kernel_without_the_perf_pmu_makes_uprobes_by_tracefs()
    {
        MountTracefs("");

        Attached("uretprobe", static program => program.AttachUprobe("/lib/{0}.so", new UserProbe(ImageBuilder.CodeOffset, Semaphore: 0x3000)), "tracefs uprobe");

        Assert.Equal([$"{UprobeEvents}: r:NAME /lib/{{0}}.so:0x1000(0x3000)", $"{UprobeEvents}: -:NAME"], Written());
    }

    [Theory]
    [InlineData("/lib/a b.so", 0)]
    [InlineData("/lib/a.so", 1)]
    public void What_tracefs_cannot_say_is_not_tried_there(string path, int process)
    {
        MountTracefs("");

        Refused("uprobe", program => program.AttachUprobe(path, new UserProbe(ImageBuilder.CodeOffset), process), RefusalCause.MissingConfig, "built without uprobes");

        Assert.Empty(_calls.Written);
    }

    [Fact]
    public void A_kernel_without_kprobes_says_so()
    {
        Refused("kprobe", static program => program.AttachKprobe("vfs_read"), RefusalCause.MissingConfig, "built without kprobes (CONFIG_KPROBE_EVENTS)");
        MountTracefs("");
        _calls.Files.Remove(KprobeEvents);
        Refused("kprobe", static program => program.AttachKprobe("vfs_read"), RefusalCause.MissingConfig, "built without kprobes (CONFIG_KPROBE_EVENTS)");
    }

    [Theory]
    [InlineData(Errno.ENOENT)]
    [InlineData(Errno.EINVAL)]
    public void A_function_that_is_not_there_is_told_from_a_kernel_without_kprobes(int error)
    {
        MountTracefs("");
        _calls.WriteErrors[KprobeEvents] = error;
        Refused("kprobe", static program => program.AttachKprobe("no_such"), RefusalCause.Other, "no such function");

        // What perf knows better is not asked again.
        _calls.Files[KprobePmu] = "8\n"u8.ToArray();
        _calls.PerfError = Errno.ENOENT;
        Refused("kprobe", static program => program.AttachKprobe("no_such"), RefusalCause.Other, "no such function");
        Assert.Single(_calls.Written);
    }

    [Fact]
    public void Uprobes_by_perf_without_the_capability_name_it()
    {
        _calls.Files[UprobePmu] = "9\n"u8.ToArray();
        _calls.PerfError = Errno.EACCES;
        _calls.Capabilities = CapabilitySet.Bpf | CapabilitySet.PerfMon;
        _calls.FileErrors[Tracing + "/events/header_page"] = Errno.EACCES;

        BpfException e = Refused("uprobe", static program => program.AttachUprobe("/lib/a.so", new UserProbe(ImageBuilder.CodeOffset)), RefusalCause.MissingCapability, "CAP_SYS_ADMIN");

        Assert.Equal(CapabilitySet.SysAdmin, Assert.IsType<MissingCapabilityException>(e).Missing);
    }

    [Theory]
    [InlineData(Errno.ESRCH, "the process has ended")]
    [InlineData(Errno.ENOENT, "no such file")]
    [InlineData(Errno.EINVAL, "a probe cannot be put there")]
    [InlineData(Errno.ENOTSUPP, "the instruction there cannot be probed")]
    public void A_uprobe_that_is_refused_says_why(int error, string words)
    {
        _calls.Files[UprobePmu] = "9\n"u8.ToArray();
        _calls.PerfError = error;

        Refused("uprobe", static program => program.AttachUprobe("/lib/a.so", new UserProbe(ImageBuilder.CodeOffset), 1789), RefusalCause.Other, words);
    }

    [Theory]
    [InlineData(Errno.EOPNOTSUPP, RefusalCause.MissingConfig, "CONFIG_FPROBE")]
    [InlineData(Errno.EINVAL, RefusalCause.TooOld, "Linux 5.18")]
    [InlineData(Errno.ESRCH, RefusalCause.Other, "cannot be traced")]
    public void Many_functions_that_are_refused_say_why(int error, RefusalCause cause, string words)
    {
        _calls.Fail(BpfCommand.LinkCreate, error);

        Refused("kprobe.multi", static program => program.AttachKprobes([1, 2]), cause, words);
        Assert.Throws<ArgumentOutOfRangeException>(() => Attached("kprobe.multi", static program => program.AttachKprobes([1, 2], [1]), ""));
    }

    [Theory]
    [InlineData(Errno.EOPNOTSUPP, RefusalCause.MissingConfig, "CONFIG_UPROBES")]
    [InlineData(Errno.EINVAL, RefusalCause.TooOld, "Linux 6.6")]
    [InlineData(Errno.ENOENT, RefusalCause.Other, "no such file")]
    public void Many_places_that_are_refused_say_why(int error, RefusalCause cause, string words)
    {
        _calls.Fail(BpfCommand.LinkCreate, error);

        Refused("uprobe.multi", static program => program.AttachUprobes("/lib/a.so", [new(ImageBuilder.CodeOffset)]), cause, words);
    }

    [Fact]
    public void Cookies_that_the_kernel_does_not_have_are_not_left_out()
    {
        MountTracefs("");
        _calls.Files[KprobePmu] = "8\n"u8.ToArray();
        _calls.Files[Tracing + "/events/sched/sched_switch/id"] = "314\n"u8.ToArray();
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL).Fail(BpfCommand.RawTracepointOpen, Errno.E2BIG);

        Refused("kprobe", static program => program.AttachKprobe("vfs_read", 0, 7), RefusalCause.TooOld, "Linux 5.15");
        Refused("tracepoint", static program => program.AttachTracepoint("sched/sched_switch", 7), RefusalCause.TooOld, "Linux 5.15");
        Refused("raw_tp", static program => program.AttachTracepoint("sched_switch", 7), RefusalCause.TooOld, "Linux 6.10");
        _calls.Fail(BpfCommand.RawTracepointOpen, Errno.EINVAL);
        Refused("raw_tp", static program => program.AttachTracepoint("sched_switch", 7), RefusalCause.TooOld, "Linux 6.10");
        Attached("kprobe", static program => program.AttachKprobe("vfs_read"), "perf event");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_failure_in_the_middle_leaves_no_probe_in_tracefs(int step)
    {
        MountTracefs("");
        switch (step)
        {
            case 0:
                _calls.PerfError = Errno.EMFILE;
                break;
            case 1:
                _calls.Fail(BpfCommand.LinkCreate, Errno.EMFILE);
                break;
            default:
                _calls.ControlError = Errno.ENOMEM;
                break;
        }

        (RefusalCause cause, string words) = step < 2 ? (RefusalCause.ResourceLimit, "ulimit -n") : (RefusalCause.Other, "no memory");
        Refused("kprobe", static program => program.AttachKprobe("vfs_read"), cause, words);

        Assert.Equal([$"{KprobeEvents}: p:NAME vfs_read", $"{KprobeEvents}: -:NAME"], Written());
    }

    [Fact]
    public void What_processes_left_that_are_gone_is_removed_once()
    {
        // The largest number of a process is 4194304.
        string own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        MountTracefs($"p:kprobes/other vfs_read\nr4:fathom/p4194305_3 vfs_read\np:fathom/p1_2 vfs_read\np:fathom/p{own}_999999999 vfs_read\np:fathom/pX_1 vfs_read\n");
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("kprobe")))
        {
            loaded.GetProgram("probe").AttachKprobe("vfs_read").Dispose();
            Assert.Equal(4, _calls.Written.Count);
            Assert.Equal([$"{KprobeEvents}: -:fathom/p4194305_3", $"{KprobeEvents}: -:fathom/p{own}_999999999"], _calls.Written[..2]);
            loaded.GetProgram("probe").AttachKprobe("vfs_read").Dispose();
        }

        Assert.Equal(6, _calls.Written.Count);
    }

    [Fact]
    public void A_cgroup_that_is_none_is_told()
    {
        Refused("cgroup_skb/ingress", static program => program.AttachCgroup("/no/such"), RefusalCause.Other, "there is no such cgroup");
        _calls.Files["/tmp"] = [];
        _calls.Fail(BpfCommand.LinkCreate, Errno.EBADF);
        Refused("cgroup_skb/ingress", static program => program.AttachCgroup("/tmp"), RefusalCause.Other, "no directory of a cgroup");
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        Refused("cgroup_skb/ingress", static program => program.AttachCgroup("/tmp"), RefusalCause.TooOld, "Linux 5.7");
    }

    [Theory]
    [InlineData(Errno.EBUSY, "lo has a program already")]
    [InlineData(Errno.EOPNOTSUPP, "lo cannot do that")]
    public void An_interface_that_takes_no_program_says_why(int error, string words)
    {
        _calls.Fail(BpfCommand.LinkCreate, error);

        Refused("xdp", static program => program.AttachXdp("lo"), RefusalCause.Other, words);
        Refused("xdp", static program => program.AttachXdp("eth9"), RefusalCause.Other, "no network interface eth9");
    }

    // Types of requests: 36 and 37 make and remove the discipline, 44 and 45 a filter, 46 lists them.
    [Theory]
    [InlineData(0, 0, 0, "36 44 45 46 46 37")]
    [InlineData(0, 0, 1, "36 44 45 46")]
    [InlineData(Errno.EEXIST, 0, 0, "36 44 45")]
    [InlineData(0, 2, 0, "36 44 44 44 45 46 46 37")]
    public void Before_tcx_a_filter_is_made_and_only_an_own_empty_discipline_removed(int qdisc, int taken, int others, string expected)
    {
        var requests = new List<ushort>();
        var priorities = new HashSet<uint>();
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        _calls.OnMessage = message =>
        {
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4));
            requests.Add(type);
            return type switch
            {
                36 => Answer(qdisc),
                44 => Answer(priorities.Add(BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(32))) && priorities.Count <= taken ? Errno.EEXIST : 0),
                46 => Message(others > 0 ? (ushort)44 : (ushort)3, 0),
                _ => Answer(0),
            };
        };

        Attached("tc", static program => program.AttachTc("lo", outgoing: true), "clsact filter");

        Assert.Equal(expected, string.Join(' ', requests));
        Assert.Equal(taken + 1, priorities.Count);
        if (others > 0)
        {
            // Who comes last removes it.
            others = 0;
            qdisc = Errno.EEXIST;
            Attached("tc", static program => program.AttachTc("lo", outgoing: true), "clsact filter");
            Assert.Equal(37, requests[^1]);
        }
    }

    [Fact]
    public void A_discipline_is_not_left_where_the_filter_is_refused()
    {
        var requests = new List<ushort>();
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        _calls.OnMessage = message =>
        {
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4));
            requests.Add(type);
            return type == 46 ? Message(3, 0) : Answer(type == 44 ? Errno.EOPNOTSUPP : 0);
        };

        Refused("tc", static program => program.AttachTc("lo", outgoing: false), RefusalCause.Other, "lo cannot do that");

        Assert.Equal(37, requests[^1]);
        _calls.OnMessage = static _ => Answer(Errno.ENOENT);
        Refused("tc", static program => program.AttachTc("lo", outgoing: false), RefusalCause.MissingConfig, "sch_ingress");
    }

    [Fact]
    public void An_iterator_says_what_it_could_not_hold()
    {
        var builder = new Format.Btf.BtfBuilder();
        builder.AddFunction("bpf_iter_task", builder.AddFunctionPrototype(0, []), Format.Btf.BtfLinkage.Global);
        _calls.Files["/sys/kernel/btf/vmlinux"] = builder.ToArray();
        _calls.ReadError = Errno.E2BIG;
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("iter/task")))
        {
            using (BpfIterator pass = loaded.GetProgram("probe").OpenIterator())
            {
                Assert.Equal(
                    "read iterator probe: E2BIG: one run of the program wrote more than the kernel holds, eight pages.",
                    Assert.Throws<BpfException>(() => pass.Read(new byte[8])).Message);
            }

            int open = _calls.Open.Count;
            _calls.Fail(BpfCommand.IteratorCreate, Errno.ENOMEM);
            Assert.Throws<AttachException>(() => loaded.GetProgram("probe").OpenIterator());
            Assert.Equal(open, _calls.Open.Count);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Shared_maps_stay_their_owners()
    {
        BpfObject definition = Sample("syscall");
        Runtime.Kernel kernel = Kernel;
        using (LoadedObject owner = LoadedObject.Load(kernel, definition))
        {
            int open = _calls.Open.Count;
            var options = new LoadOptions();
            options.Maps["map"] = owner.GetMap("map");
            using (LoadedObject second = LoadedObject.Load(kernel, definition, options))
            {
                Assert.Same(owner.GetMap("map"), second.GetMap("map"));
                Assert.Equal(open + 1, _calls.Open.Count);
            }

            Assert.Equal(open, _calls.Open.Count);
            options.Maps["map"] = owner.GetMap("map");
            Assert.ThrowsAny<Exception>(() => LoadedObject.Load(kernel, Samples.Object([], [Samples.Map(MapType.Hash, 4, 16, 100)]), options));
            Assert.Equal(open, _calls.Open.Count);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Targets_are_those_of_the_options()
    {
        MountTracefs("");
        var options = new LoadOptions();
        options.Targets["probe"] = "vfs_write";
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("kprobe/vfs_read"), options))
        using (loaded.Attach())
        {
            Assert.Equal("vfs_write", loaded.GetProgram("probe").Target);
        }

        Assert.Equal($"{KprobeEvents}: p:NAME vfs_write", Written()[0]);
        Assert.Empty(_calls.Open);
    }

    private void MountTracefs(string kprobes)
    {
        _calls.Files[Tracing + "/events/header_page"] = [];
        _calls.Files[KprobeEvents] = Encoding.ASCII.GetBytes(kprobes);
        _calls.Files[UprobeEvents] = [];
    }

    // What was written, without the numbers in names.
    private List<string> Written() => _calls.Written.ConvertAll(static line =>
        System.Text.RegularExpressions.Regex.Replace(line, @"fathom/p\d+_\d+", "NAME", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));

    private void Attached(string section, Func<BpfProgram, BpfLink> attach, string way)
    {
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample(section)))
        using (BpfLink link = attach(loaded.GetProgram("probe")))
        {
            Assert.Equal(way, link.Way);
        }

        Assert.Empty(_calls.Open);
    }

    private BpfException Refused(string section, Func<BpfProgram, BpfLink> attach, RefusalCause cause, string words)
    {
        BpfException e;
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample(section)))
        {
            int open = _calls.Open.Count;
            e = Assert.ThrowsAny<BpfException>(() => attach(loaded.GetProgram("probe")));
            Assert.Equal(open, _calls.Open.Count);
        }

        Assert.Contains(words, e.Message, StringComparison.Ordinal);
        Assert.Equal(cause, e.Cause);
        Assert.Empty(_calls.Open);
        return e;
    }

    private static BpfObject Sample(string section) =>
        Samples.Object([Samples.Returning("probe", section, 0)], [Samples.Map(MapType.Hash, 4, 8, 100)]);

    private static byte[] Answer(int error) => Message(2, -error);

    private static byte[] Message(ushort type, int value)
    {
        byte[] message = new byte[20];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(16), value);
        return message;
    }
}
