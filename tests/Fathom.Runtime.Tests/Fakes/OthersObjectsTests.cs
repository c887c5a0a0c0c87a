using System;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>What the objects of other compilers hold that would run with something else in its place.</summary>
public sealed unsafe class OthersObjectsTests
{
    // https://docs.kernel.org/bpf/libbpf/program_types.html, numbers of https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h
    [Theory]
    [InlineData("xdp", 6, 37)]
    [InlineData("xdp/devmap", 6, 33)]
    [InlineData("xdp/cpumap", 6, 35)]
    [InlineData("tc", 3, 0)]
    [InlineData("classifier", 3, 0)]
    [InlineData("tcx/ingress", 3, 0)]
    [InlineData("tc/egress", 3, 0)]
    [InlineData("kprobe/f", 2, 0)]
    [InlineData("kretprobe/f", 2, 0)]
    [InlineData("uprobe", 2, 0)]
    [InlineData("usdt", 2, 0)]
    [InlineData("kprobe.multi/f*", 2, 42)]
    [InlineData("kprobe.session/f*", 2, 56)]
    [InlineData("uprobe.multi", 2, 48)]
    [InlineData("tracepoint/a/b", 5, 0)]
    [InlineData("tp/a/b", 5, 0)]
    [InlineData("raw_tp/a", 17, 0)]
    [InlineData("raw_tracepoint/a", 17, 0)]
    [InlineData("tp_btf/a", 26, 23)]
    [InlineData("fentry/f", 26, 24)]
    [InlineData("fexit/f", 26, 25)]
    [InlineData("iter/task", 26, 28)]
    [InlineData("perf_event", 7, 0)]
    [InlineData("socket", 1, 0)]
    [InlineData("syscall", 31, 0)]
    [InlineData("cgroup_skb/egress", 8, 1)]
    [InlineData("cgroup/sock", 9, 2)]
    [InlineData("cgroup/sock_release", 9, 34)]
    [InlineData("cgroup/post_bind6", 9, 13)]
    [InlineData("sockops", 13, 3)]
    [InlineData("cgroup/dev", 15, 6)]
    [InlineData("cgroup/bind4", 18, 8)]
    [InlineData("cgroup/connect6", 18, 11)]
    [InlineData("cgroup/recvmsg6", 18, 20)]
    [InlineData("cgroup/sysctl", 23, 18)]
    public void A_section_is_of_the_type_that_other_loaders_take_it_for(string section, int type, int attachType)
    {
        ProgramSection read = ProgramSection.Parse(section);
        Assert.Equal((type, (uint)attachType), ((int)read.Type, read.AttachType));
        Assert.True(ProgramSection.Parse("?" + section).IsOptional);
    }

    [Theory]
    [InlineData("fentry.s/f")]
    [InlineData("lsm.s/f")]
    [InlineData("lsm/f")]
    [InlineData("lsm_cgroup/f")]
    [InlineData("fmod_ret/f")]
    [InlineData("freplace/f")]
    [InlineData("iter.s/task")]
    [InlineData("uprobe.s")]
    [InlineData("usdt.s")]
    [InlineData("ksyscall/open")]
    [InlineData("raw_tp.w/a")]
    [InlineData("struct_ops/f")]
    [InlineData("xdp.frags")]
    [InlineData("netkit/primary")]
    [InlineData("netfilter")]
    [InlineData("sk_lookup")]
    [InlineData("cgroup/getsockopt")]
    [InlineData("cgroup/connect_unix")]
    [InlineData("sk_msg")]
    [InlineData("action")]
    [InlineData("flow_dissector")]
    public void A_section_that_is_not_known_is_refused(string section) =>
        Assert.Contains("this one is not known", Assert.Throws<BpfException>(() => ProgramSection.Parse(section)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_program_for_a_map_is_loaded_for_it_and_attached_to_no_interface()
    {
        uint attachType = 0;
        var calls = new FakeSystemCalls();
        calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            attachType = ((ProgramLoadAttributes*)attributes)->ExpectedAttachType;
            return 0;
        });
        using LoadedObject loaded = LoadedObject.Load(new Runtime.Kernel(calls), Object("xdp/devmap", "mov %r0, 2\n exit", []));
        Assert.Equal(ProgramSection.AttachXdpDevmap, attachType);
        Assert.Throws<InvalidOperationException>(() => loaded.Programs[0].AttachXdp("lo"));
        Assert.Contains("put into a map", Assert.Throws<BpfException>(() => loaded.Programs[0].Attach()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_of_the_configuration_is_refused_by_its_name()
    {
        var calls = new FakeSystemCalls();
        BpfObject value = Object("socket", "lddw %r1, map_val_by_fd(0, 0)\n ldxw %r0, [%r1]\n exit", [new Reference(0, ReferenceKind.Data, ".kconfig", 4)], static btf =>
        {
            int number = btf.AddInt("int", 4);
            int version = btf.AddVariable("LINUX_KERNEL_VERSION", number, BtfLinkage.External);
            int hertz = btf.AddVariable("CONFIG_HZ", number, BtfLinkage.External);
            btf.AddDataSection(".kconfig", 8, [new(version, 0, 4), new(hertz, 4, 4)]);
        });
        ObjectNotSupportedException e = Assert.Throws<ObjectNotSupportedException>(() => LoadedObject.Load(new Runtime.Kernel(calls), value));
        Assert.Equal(("CONFIG_HZ", "load program f: it needs CONFIG_HZ: values of the kernel's configuration are not filled in, and would all be 0."), (e.Part, e.Message));
        Assert.Empty(calls.Open);
    }

    [Theory]
    [InlineData("there", true, ImmediateKind.KernelVariable)]
    [InlineData("absent", true, ImmediateKind.Number)]
    public void The_address_of_a_function_of_the_kernel_tells_whether_it_is_there(string name, bool isWeak, ImmediateKind kind)
    {
        byte[] code = [];
        var calls = new FakeSystemCalls();
        BtfBuilder kernel = new();
        int function = kernel.AddFunction("there", kernel.AddFunctionPrototype(0, []), BtfLinkage.Static);
        calls.Files["/sys/kernel/btf/vmlinux"] = kernel.ToArray();
        calls.On(BpfCommand.ProgramLoad, (_, attributes) =>
        {
            var load = (ProgramLoadAttributes*)attributes;
            code = new Span<byte>(load->Instructions, (int)load->InstructionCount * 8).ToArray();
            return 0;
        });
        using LoadedObject loaded = LoadedObject.Load(
            new Runtime.Kernel(calls), Object("socket", "lddw %r1, var_addr(0, 0)\n mov %r0, 0\n exit", [new Reference(0, ReferenceKind.KernelSymbol, name, IsWeak: isWeak)]));
        Assert.Equal((kind, kind == ImmediateKind.Number ? 0 : function), ((ImmediateKind)(code[1] >> 4), BitConverter.ToInt32(code, 4)));
    }

    [Fact]
    public void A_weak_function_of_the_running_kernel_is_there()
    {
        Runtime.Kernel kernel = Require.Root();
        const string Name = "bpf_rcu_read_lock";
        Assert.SkipUnless(kernel.Btf.Find(BtfKind.Function, Name) > 0, $"This kernel has no {Name}.");
        const string Text = "lddw %r1, var_addr(0, 0)\n mov %r0, 0\n jeq %r1, 0, +1\n mov %r0, 7\n exit";
        using LoadedObject there = LoadedObject.Load(kernel, Object("socket", Text, [new Reference(0, ReferenceKind.KernelSymbol, Name, IsWeak: true)]));
        Assert.Equal(7u, there.Programs[0].TestRun(packet: new byte[64]).ReturnValue);
        using LoadedObject absent = LoadedObject.Load(kernel, Object("socket", Text, [new Reference(0, ReferenceKind.KernelSymbol, "no_such_function", IsWeak: true)]));
        Assert.Equal(0u, absent.Programs[0].TestRun(packet: new byte[64]).ReturnValue);
    }

    [Fact]
    public void What_an_object_only_refers_to_does_not_cost_it_its_types()
    {
        Runtime.Kernel kernel = Require.Root();
        BpfObject value = Object("socket", "mov %r0, 0\n exit", [], static btf =>
        {
            int number = btf.AddInt("int", 4);
            int untyped = btf.AddVariable("bpf_prog_active", 0, BtfLinkage.External);
            int typed = btf.AddVariable("runqueues", number, BtfLinkage.External);
            int function = btf.AddFunction("bpf_rcu_read_lock", btf.AddFunctionPrototype(0, [new BtfParameter("", number)]), BtfLinkage.External);
            btf.AddDataSection(".ksyms", 0, [new(untyped, 0, 0), new(typed, 0, 0), new(function, 0, 0)]);
            btf.AddDataSection(".kconfig", 0, [new(btf.AddVariable("CONFIG_HZ", number, BtfLinkage.External), 0, 4)]);
        });
        using LoadedObject loaded = LoadedObject.Load(kernel, value);
        Assert.Empty(loaded.Notes);
    }

    /// <summary>A name that ends as ours do for the second form of a program is any other's to choose.</summary>
    [Theory]
    [InlineData("socket", "", 1)]
    [InlineData("?kprobe/f", "f__kprobe", 1)]
    [InlineData("?kprobe/f", "", 0)]
    public void A_program_with_a_name_like_a_second_form_is_loaded(string section, string asked, int programs)
    {
        BpfObject value = Object(section, "mov %r0, 0\n exit", []);
        value = value with { Functions = [value.Functions[0] with { Name = "f__kprobe" }] };
        var options = new LoadOptions();
        if (asked.Length > 0)
        {
            options.With.Add(asked);
        }

        using LoadedObject loaded = LoadedObject.Load(new(new FakeSystemCalls()), value, options);
        Assert.Equal(programs, loaded.Programs.Count);
    }

    private static BpfObject Object(string section, string text, ImmutableArray<Reference> references, Action<BtfBuilder>? types = null)
    {
        BtfBuilder btf = new();
        int type = btf.AddFunction("f", btf.AddFunctionPrototype(btf.AddInt("int", 4), []), BtfLinkage.Global);
        types?.Invoke(btf);
        return new()
        {
            License = "GPL",
            Btf = btf.ToArray(),
            Functions = [new BpfFunction { Name = "f", Section = section, TypeId = type, Instructions = [.. Assembler.Assemble(text).Select(static one => one)], References = references }],
        };
    }
}
