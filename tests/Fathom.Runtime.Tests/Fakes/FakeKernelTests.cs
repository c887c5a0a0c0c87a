using System;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>Every refusal of the kernel, without a kernel: what is thrown, what it says, and that nothing stays open.</summary>
public sealed unsafe class FakeKernelTests
{
    private readonly FakeSystemCalls _calls = new();

    private Runtime.Kernel Kernel => new(_calls);

    [Fact]
    public void What_is_loaded_is_closed_again()
    {
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("raw_tp/sys_enter")))
        using (loaded.Attach())
        {
            Assert.Equal(3, _calls.Open.Count);
        }

        Assert.Empty(_calls.Open);
    }

    [Theory]
    [InlineData("syscall", "CAP_BPF")]
    [InlineData("raw_tp/sys_enter", "CAP_PERFMON and CAP_BPF")]
    [InlineData("xdp", "CAP_NET_ADMIN and CAP_BPF")]
    public void Missing_capabilities_are_named(string section, string names)
    {
        _calls.Capabilities = default;
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);

        var e = Throws<MissingCapabilityException>(() => LoadedObject.Load(Kernel, Sample(section)));

        Assert.Equal($"load program probe: EPERM: this needs {names}: run it as root, or give the program these capabilities.", e.Message);
    }

    [Fact]
    public void The_administrator_has_what_was_split_from_him()
    {
        _calls.Capabilities = CapabilitySet.SysAdmin;
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);

        var e = Throws<KernelPolicyException>(() => LoadedObject.Load(Kernel, Sample("raw_tp/sys_enter")));

        Assert.Equal(
            "load program probe: EPERM: the kernel refuses programs of type raw_tp without a reason although the process has "
            + "CAP_PERFMON and CAP_BPF: a security policy of this machine forbids it; see the kernel's log (dmesg, audit).",
            e.Message);
    }

    [Fact]
    public void All_that_an_object_needs_is_told_at_its_first_map()
    {
        _calls.Capabilities = default;
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        var e = Throws<MissingCapabilityException>(() => LoadedObject.Load(Kernel, Sample("raw_tp/sys_enter")));

        Assert.Equal("create map map: EPERM: this needs CAP_PERFMON and CAP_BPF: run it as root, or give the program these capabilities.", e.Message);
    }

    [Fact]
    public void Root_without_capabilities_is_not_told_to_become_root()
    {
        _calls.Capabilities = CapabilitySet.Bpf;
        _calls.Files["/proc/self/status"] = "Name:\tfathom\nUid:\t1000\t0\t0\t0\n"u8.ToArray();
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);

        var e = Throws<MissingCapabilityException>(() => LoadedObject.Load(Kernel, Sample("raw_tp/sys_enter")));

        Assert.Equal(
            "load program probe: EPERM: this needs CAP_PERFMON, which root does not have here: "
            + "run it outside of the container or service that took them away.",
            e.Message);
    }

    [Theory]
    [InlineData("         0       1000          1\n", "Seccomp:\t2\n", "the capabilities of a user namespace do not count for this: run it as root outside of the container or namespace.")]
    [InlineData("         0          0 4294967295\n", "Seccomp:\t2\n", "the process has CAP_BPF, but a seccomp filter watches it, which may forbid bpf(2): run it outside of the container or service that set the filter.")]
    [InlineData("         0          0 4294967295\n", "Seccomp:\t0\n", "the kernel refuses to create maps of type Hash without a reason although the process has CAP_BPF: a security policy of this machine forbids it; see the kernel's log (dmesg, audit).")]
    public void What_forbids_although_the_capabilities_are_there_is_looked_for(string map, string status, string advice)
    {
        _calls.Files["/proc/self/uid_map"] = Encoding.ASCII.GetBytes(map);
        _calls.Files["/proc/self/status"] = Encoding.ASCII.GetBytes(status);
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        var e = Throws<KernelPolicyException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.Equal("create map map: EPERM: " + advice, e.Message);
    }

    [Fact]
    public void A_kernel_that_is_too_old_is_told_by_what_it_lacks()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes();
        Assert.Equal(
            "load program probe: this kernel has no tracepoint block_rq_issue (no type btf_trace_block_rq_issue in its BTF): "
            + "use a newer kernel, or one that is built with it.",
            Throws<FeatureNotSupportedException>(() => LoadedObject.Load(Kernel, Sample("tp_btf/block_rq_issue"))).Message);

        _calls.Fail(BpfCommand.ProgramLoad, Errno.EINVAL);
        Assert.Equal(
            "load program probe: EINVAL: this kernel has no programs of type tp_btf, or not in this form: use a newer kernel, or one that is built with it.",
            Throws<FeatureNotSupportedException>(() => LoadedObject.Load(Kernel, Sample("tp_btf/sys_enter"))).Message);
    }

    [Fact]
    public void Lockdown_is_named()
    {
        _calls.Files["/sys/kernel/security/lockdown"] = "none integrity [confidentiality]\n"u8.ToArray();
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EPERM);

        var e = Throws<LockdownException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.Equal("confidentiality", e.Mode);
        Assert.Equal("load program probe: EPERM: kernel lockdown (confidentiality) forbids it: boot the machine without it.", e.Message);
    }

    [Fact]
    public void A_signal_in_the_verifier_is_tried_again()
    {
        _calls.On(BpfCommand.ProgramLoad, (number, _) => number < 4 ? -Errno.EAGAIN : 0);

        LoadedObject.Load(Kernel, Sample("syscall")).Dispose();

        Assert.Equal(4, _calls.Commands.FindAll(command => command == BpfCommand.ProgramLoad).Count);
    }

    [Fact]
    public void Signals_without_end_do_not_hold_us_for_ever()
    {
        _calls.Fail(BpfCommand.ProgramLoad, Errno.EAGAIN);

        Assert.StartsWith(
            "load program probe: EAGAIN: signals interrupted the kernel's verifier each time",
            Throws<BpfException>(() => LoadedObject.Load(Kernel, Sample("syscall"))).Message,
            StringComparison.Ordinal);
        Assert.Equal(2 * KernelCalls.LoadTries, _calls.Commands.FindAll(command => command == BpfCommand.ProgramLoad).Count);
    }

    [Fact]
    public void The_log_is_asked_for_after_the_failure_and_in_the_size_that_it_takes()
    {
        var sizes = new List<uint>();
        string log = new string('x', 100_000) + "\n0: R1=ctx() R10=fp0\n1: (95) exit\nR0 !read_ok\nprocessed 1 insns (limit 1000000)\n";
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            var load = (ProgramLoadAttributes*)attributes;
            sizes.Add(load->LogSize);
            FakeSystemCalls.WriteLog(attributes, log);
            load->LogTrueSize = (uint)log.Length + 1;
            return load->LogLevel != 0 && load->LogSize < log.Length ? -Errno.ENOSPC : -Errno.EACCES;
        });

        var e = Throws<VerifierRejectedException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.Equal([0u, 65536u, 262144u], sizes);
        Assert.Equal("the program ends without a result: set R0 before [R0 !read_ok] (verifying probe: EACCES) (4 lines omitted)", e.Message);
        Assert.Equal(log, e.Log);
    }

    [Theory]
    [InlineData(AtomicOperation.Add | AtomicOperation.Fetch, false, VerifierErrorKind.MissingInKernel)]
    [InlineData(AtomicOperation.Or, false, VerifierErrorKind.MissingInKernel)]
    [InlineData(AtomicOperation.Add, false, VerifierErrorKind.Other)]
    [InlineData(AtomicOperation.Or, true, VerifierErrorKind.Other)]
    public void An_atomic_operation_that_the_kernel_lacks_is_named_if_a_probe_says_so(AtomicOperation operation, bool kernelHasThem, VerifierErrorKind expected)
    {
        BpfFunction function = Samples.Returning("probe", "syscall", 0);
        function = function with { Instructions = function.Instructions.Insert(0, Instruction.Atomic(operation, MemorySize.Double, Register.R10, -8, Register.R1)) };
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            FakeSystemCalls.WriteLog(attributes, "BPF_STX uses reserved fields\nprocessed 0 insns (limit 1000000)\n");
            return kernelHasThem && ((ProgramLoadAttributes*)attributes)->Type == (uint)ProgramType.SocketFilter ? 0 : -Errno.EINVAL;
        });

        var e = Throws<VerifierRejectedException>(() => LoadedObject.Load(Kernel, Samples.Object([function])));

        Assert.Equal(expected, e.Kind);
        Assert.Equal(expected == VerifierErrorKind.MissingInKernel, e.Message.Contains("(Linux 5.12)", StringComparison.Ordinal));
    }

    [Fact]
    public void Registers_are_asked_for_where_the_kernel_does_not_write_them()
    {
        var levels = new List<uint>();
        string plain = "0: (b7) r0 = 0\n1: (95) exit\nsomething\nprocessed 1 insns (limit 1000000)\n";
        string states = "0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n" + plain;
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            var load = (ProgramLoadAttributes*)attributes;
            levels.Add(load->LogLevel);
            FakeSystemCalls.WriteLog(attributes, load->LogLevel == 2 ? states : plain);
            return -Errno.EACCES;
        });

        var e = Throws<VerifierRejectedException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.Equal([0u, 1u, 2u], levels);
        Assert.Equal(states, e.Log);
        Assert.Equal(VerifierErrorKind.Other, e.Kind);
    }

    [Fact]
    public void The_reason_is_asked_for_alone_where_a_long_log_keeps_only_its_start()
    {
        var levels = new List<uint>();
        _calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            var load = (ProgramLoadAttributes*)attributes;
            levels.Add(load->LogLevel);
            FakeSystemCalls.WriteLog(attributes, load->LogLevel == 4 ? "BPF program is too large. Processed 1000001 insn\nstack depth 0\n" : "0: (b7) r0 = 0\n0: (b7) r0 =");
            return load->LogLevel is 1 ? -Errno.ENOSPC : -Errno.E2BIG;
        });

        var e = Throws<VerifierRejectedException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.Equal([0u, 1u, 4u], levels);
        Assert.Equal(("E2BIG", "BPF program is too large. Processed 1000001 insn", VerifierErrorKind.TooComplex), (e.ErrorName, e.DecisiveLine, e.Kind));
        Assert.StartsWith("0: (b7) r0 = 0\n", e.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.E2BIG, "ask for fewer entries")]
    [InlineData(Errno.ENOMEM, "no memory for 100 entries (at least 1200 bytes)")]
    [InlineData(Errno.EINVAL, "no maps of type Hash, or not of this size")]
    [InlineData(Errno.ENOSYS, "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL=y), or a seccomp filter hides it: use another kernel")]
    public void A_map_that_cannot_be_created_says_why(int error, string words)
    {
        _calls.Fail(BpfCommand.MapCreate, error);

        var e = Throws<MapCreationException>(() => LoadedObject.Load(Kernel, Sample("syscall")));

        Assert.StartsWith($"create map map: {Errno.NameOf(error)}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_made_before_an_error_is_closed()
    {
        _calls.On(BpfCommand.MapCreate, (number, _) => number == 3 ? -Errno.ENOMEM : 0);
        BpfObject definition = Samples.Object([], [Map("one"), Map("two"), Map("three")]);

        Throws<MapCreationException>(() => LoadedObject.Load(Kernel, definition));
    }

    [Fact]
    public void A_map_is_created_without_types_where_the_kernel_refuses_them()
    {
        (byte[] btf, _) = Samples.FunctionTypes("probe");
        BpfObject definition = Samples.Object([], [Map("map") with { ValueTypeId = 1, KeyTypeId = 1 }]) with { Btf = btf };
        var typed = new List<bool>();
        _calls.On(BpfCommand.MapCreate, (_, attributes) =>
        {
            typed.Add(((MapCreateAttributes*)attributes)->BtfDescriptor != 0);
            return typed.Count == 1 ? -Errno.EINVAL : 0;
        });

        LoadedObject.Load(Kernel, definition).Dispose();

        Assert.Equal([true, false], typed);
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Types_that_the_kernel_refuses_are_noted_and_done_without()
    {
        (byte[] btf, int typeId) = Samples.FunctionTypes("probe");
        BpfFunction function = Samples.Returning("probe", "syscall", 0) with { TypeId = typeId };
        _calls.Fail(BpfCommand.BtfLoad, Errno.EINVAL);

        using LoadedObject loaded = LoadedObject.Load(Kernel, Samples.Object([function]) with { Btf = btf });

        Assert.Equal("the kernel does not take the object's types (EINVAL)", Assert.Single(loaded.Notes));
    }

    [Fact]
    public void An_older_kernel_gets_types_without_what_it_does_not_know()
    {
        var builder = new BtfBuilder();
        builder.AddFloat("double", 8);
        var floats = new List<bool>();
        _calls.On(BpfCommand.BtfLoad, (_, attributes) =>
        {
            var load = (BtfLoadAttributes*)attributes;
            BtfData types = BtfData.Parse(new Span<byte>(load->Btf, (int)load->BtfSize).ToArray());
            floats.Add(types.Find(BtfKind.Float, "double") != 0);
            return floats[^1] ? -Errno.EINVAL : 0;
        });

        using LoadedObject loaded = LoadedObject.Load(Kernel, Sample("syscall") with { Btf = builder.ToArray() });

        // The second time asks for the reason.
        Assert.Equal([true, true, false], floats);
        Assert.Empty(loaded.Notes);
    }

    [Fact]
    public void A_kernel_without_types_is_told_from_one_that_hides_them()
    {
        var missing = Throws<KernelBtfException>(() => LoadedObject.Load(Kernel, Sample("tp_btf/sys_enter")));
        Assert.Equal(
            "read kernel types /sys/kernel/btf/vmlinux: ENOENT: this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF=y): "
            + "use a kernel that is built with it.",
            missing.Message);

        _calls.FileErrors["/sys/kernel/btf/vmlinux"] = Errno.EACCES;
        var hidden = Throws<KernelBtfException>(() => LoadedObject.Load(Kernel, Sample("tp_btf/sys_enter")));
        Assert.Equal(
            "read kernel types /sys/kernel/btf/vmlinux: EACCES: the kernel's types may not be read: "
            + "run this as root, or give the program CAP_DAC_READ_SEARCH.",
            hidden.Message);

        _calls.FileErrors.Clear();
        _calls.Files.Remove("/sys/devices/system/cpu/possible");
        var unmounted = Throws<KernelBtfException>(() => _ = Kernel.Btf);
        Assert.Equal("read kernel types /sys/kernel/btf/vmlinux: ENOENT: sysfs is not mounted: mount -t sysfs sysfs /sys.", unmounted.Message);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(25)]
    public void Types_that_cannot_be_mapped_are_read_in_pieces(int piece)
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes();
        _calls.ReadSize = piece;

        LoadedObject.Load(Kernel, Sample("tp_btf/sys_enter")).Dispose();

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Damaged_types_of_the_kernel_are_an_error_of_the_machine()
    {
        byte[] types = KernelTypes();
        _calls.Files["/sys/kernel/btf/vmlinux"] = types[..^5];
        Assert.Contains("end after", Throws<KernelBtfException>(() => _ = Kernel.Btf).Message, StringComparison.Ordinal);

        _calls.Files["/sys/kernel/btf/vmlinux"] = new byte[100];
        Assert.Contains("no description of types", Throws<KernelBtfException>(() => _ = Kernel.Btf).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_older_kernel_attaches_typed_tracepoints_by_the_older_command()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes();
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        using LoadedObject loaded = LoadedObject.Load(Kernel, Sample("tp_btf/sys_enter"));

        using LinkSet links = loaded.Attach();

        Assert.Equal(BpfCommand.RawTracepointOpen, _calls.Commands[^1]);
    }

    [Fact]
    public void An_older_kernel_attaches_perf_tracepoints_to_the_event()
    {
        _calls.Files["/sys/kernel/tracing/events/sched/sched_switch/id"] = "314\n"u8.ToArray();
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("tracepoint/sched/sched_switch")))
        using (LinkSet links = loaded.Attach())
        {
            Assert.Equal("perf event", Assert.Single(links.Links).Way);
            Assert.Equal(2, _calls.Requests.Count);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Tracefs_that_is_not_mounted_or_not_readable_is_told()
    {
        using (LoadedObject loaded = LoadedObject.Load(Kernel, Sample("tracepoint/sched/sched_switch")))
        {
            Assert.Contains("is not mounted", Assert.Throws<TracefsException>(loaded.Attach).Message, StringComparison.Ordinal);
            _calls.FileErrors["/sys/kernel/tracing/events/header_page"] = Errno.EACCES;
            Assert.Contains("is not readable", Assert.Throws<TracefsException>(loaded.Attach).Message, StringComparison.Ordinal);
        }

        Assert.Empty(_calls.Open);
    }

    [Theory]
    [InlineData(Errno.ENOENT, "no such tracepoint")]
    [InlineData(Errno.EEXIST, "attached there already")]
    [InlineData(Errno.E2BIG, "64 programs")]
    public void A_failed_attachment_says_why_and_detaches_the_others(int error, string words)
    {
        _calls.On(BpfCommand.RawTracepointOpen, (number, _) => number == 2 ? -error : 0);
        BpfObject definition = Samples.Object([Samples.Returning("one", "raw_tp/a", 0), Samples.Returning("two", "raw_tp/b", 0)]);
        using (LoadedObject loaded = LoadedObject.Load(Kernel, definition))
        {
            AttachException e = Assert.Throws<AttachException>(loaded.Attach);
            Assert.StartsWith("attach two to b: ", e.Message, StringComparison.Ordinal);
            Assert.Contains(words, e.Message, StringComparison.Ordinal);
            Assert.Equal(2, _calls.Open.Count);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Unknown_sections_are_refused_before_anything_is_made()
    {
        Throws<BpfException>(() => LoadedObject.Load(Kernel, Sample("no_such/thing")));
        Throws<BpfException>(() => LoadedObject.Load(Kernel, Sample("tp_btf")));
        Throws<BpfException>(() => LoadedObject.Load(Kernel, Sample("tracepoint/half")));
        Assert.Empty(_calls.Commands);
    }

    [Fact]
    public void A_batch_that_finds_a_large_bucket_is_asked_for_again_with_more_room()
    {
        var counts = new List<uint>();
        _calls.On(BpfCommand.MapLookupBatch, (_, attributes) =>
        {
            var batch = (MapBatchAttributes*)attributes;
            counts.Add(batch->Count);
            if (counts.Count == 1)
            {
                batch->Count = 0;
                return -Errno.ENOSPC;
            }

            batch->Count = 2;
            ((int*)batch->Keys)[0] = 7;
            ((int*)batch->Keys)[1] = 8;
            return -Errno.ENOENT;
        });
        using LoadedObject loaded = LoadedObject.Load(Kernel, Samples.Object([], [Map("map")]));
        var keys = new List<int>();
        foreach ((int key, long _) in new BpfHashMap<int, long>(loaded.GetMap("map")))
        {
            keys.Add(key);
        }

        Assert.Equal([7, 8], keys);
        Assert.Equal([100u, 200u], counts);
    }

    [Theory]
    [InlineData(Errno.EINVAL)]
    [InlineData(Errno.ENOTSUPP)]
    public void A_kernel_without_batches_is_walked_key_by_key(int error)
    {
        _calls.Fail(BpfCommand.MapLookupBatch, error);
        _calls.On(BpfCommand.MapNextKey, (_, attributes) =>
        {
            var element = (MapElementAttributes*)attributes;
            int next = element->Key == null ? 1 : *(int*)element->Key + 1;
            *(int*)element->Value = next;
            return next <= 3 ? 0 : -Errno.ENOENT;
        });
        using LoadedObject loaded = LoadedObject.Load(Kernel, Samples.Object([], [Map("map")]));
        var map = new BpfHashMap<int, long>(loaded.GetMap("map"));
        int sum = 0;
        foreach ((int key, long _) in map)
        {
            sum += key;
        }

        Assert.Equal(6, sum);
        Assert.Single(_calls.Commands.FindAll(command => command == BpfCommand.MapLookupBatch));
    }

    [Fact]
    public void Another_error_of_a_walk_is_not_swallowed()
    {
        _calls.Fail(BpfCommand.MapLookupAndDeleteBatch, Errno.EPERM);
        using LoadedObject loaded = LoadedObject.Load(Kernel, Samples.Object([], [Map("map")]));

        Assert.Equal("EPERM", Assert.Throws<MapException>(() => new BpfHashMap<int, long>(loaded.GetMap("map")).Clear()).ErrorName);
    }

    [Fact]
    public void Only_conclusive_answers_are_remembered()
    {
        Runtime.Kernel kernel = Kernel;
        _calls.Capabilities = default;
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);
        Assert.Equal(FeatureSupport.Unknown, kernel.Probe(KernelFeatures.RingBuffer).Support);
        _calls.Fail(BpfCommand.MapCreate, Errno.EINVAL);
        Assert.Equal(FeatureSupport.No, kernel.Probe(KernelFeatures.RingBuffer).Support);
        _calls.Fail(BpfCommand.MapCreate, 0);
        Assert.Equal(FeatureSupport.No, kernel.Probe(KernelFeatures.RingBuffer).Support);
        Assert.Equal(FeatureSupport.Yes, Kernel.Probe(KernelFeatures.RingBuffer).Support);
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Capabilities_are_dropped_but_for_those_to_keep()
    {
        Privileges.DropAfterAttach(Kernel, CapabilitySet.ReadSearch);

        Assert.Equal(CapabilitySet.ReadSearch, Kernel.Capabilities);
    }

    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-3", 4)]
    [InlineData("0-3,8,10-11\n", 7)]
    [InlineData("", 0)]
    [InlineData("3-1", 0)]
    [InlineData("x", 0)]
    public void Possible_cpus_are_counted(string list, int count) => Assert.Equal(count, Runtime.Kernel.CountCpus(list));

    [Fact]
    public void The_version_is_read_from_the_release()
    {
        Assert.Equal(new Version(6, 1, 0), Kernel.Version);
        _calls.Files["/proc/sys/kernel/osrelease"] = Encoding.ASCII.GetBytes("odd");
        Assert.Equal(new Version(0, 0), Kernel.Version);
    }

    private T Throws<T>(Action action)
        where T : Exception
    {
        T exception = Assert.Throws<T>(action);
        Assert.Empty(_calls.Open);
        return exception;
    }

    private static byte[] KernelTypes()
    {
        var builder = new BtfBuilder();
        builder.AddTypedef("btf_trace_sys_enter", builder.AddPointer(0));
        return builder.ToArray();
    }

    private static MapDefinition Map(string name) => Samples.Map(MapType.Hash, 4, 8, 100, name);

    internal static BpfObject Sample(string section) => Samples.Object([Samples.Returning("probe", section, 0)], [Map("map")]);
}
