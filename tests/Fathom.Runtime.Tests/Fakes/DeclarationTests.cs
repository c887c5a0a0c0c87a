using System;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>What programs declare against what the kernel passes, and programs that do not say to what they are attached, without a kernel.</summary>
public sealed class DeclarationTests
{
    private readonly FakeSystemCalls _calls = new();

    private Runtime.Kernel Kernel => new(_calls);

    /// <summary>One argument, as it is declared and as the kernel has it.</summary>
    public static TheoryData<string, string, string> Arguments => new()
    {
        { "struct request *", "struct request *", "" },
        { "struct request___old *", "const struct request *", "" },
        { "struct request *", "forward request *", "" },
        { "struct request *", "struct request_queue *", "another struct has other fields" },
        { "struct request *", "forward request_queue *", "another struct has other fields" },
        { "struct request *", "void *", "" },
        { "struct request *", "char *", "no struct" },
        { "struct request *", "u64", "a number is no pointer" },
        { "struct request *", "bool", "a number is no pointer" },
        { "void *", "struct request *", "" },
        { "void *", "int", "" },
        { "char *", "struct request *", "" },
        { "char *", "u64", "" },
        { "char *", "int", "a number is no pointer" },
        { "u64", "struct request *", "" },
        { "int", "struct request *", "a number of less than 64 bits does not hold a pointer" },
        { "int", "u32", "" },
        { "u32", "int", "" },
        { "int", "u8", "" },
        { "u64", "u32", "" },
        { "u64", "bool", "" },
        { "s64", "int", "what is negative would be read as a large number" },
        { "u64", "int", "what is negative would be read as a large number" },
        { "u32", "u64", "the narrower one cuts it off" },
        { "bool", "int", "the narrower one cuts it off" },
        { "enum", "int", "" },
        { "int", "enum", "" },
        { "int", "pid_t", "" },
        { "u64", "struct request", "" },
    };

    [Theory]
    [MemberData(nameof(Arguments))]
    public void A_parameter_is_compared_with_the_argument(string declared, string actual, string problem)
    {
        foreach ((string section, bool isFunction) in ((string, bool)[])[("tp_btf/event", false), ("fentry/event", true)])
        {
            _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("event", isFunction, "int", actual);
            BpfObject definition = Declaring(section, "int", declared);
            if (problem.Length == 0)
            {
                LoadedObject.Load(Kernel, definition).Dispose();
                continue;
            }

            var e = Assert.Throws<ArgumentMismatchException>(() => LoadedObject.Load(Kernel, definition));
            Assert.Equal(("b", "event"), (e.Parameter, e.Target));
            Assert.StartsWith("load program probe: its parameter 2, 'b', is declared as ", e.Message, StringComparison.Ordinal);
            Assert.Contains($"passes {actual.Replace("forward", "struct", StringComparison.Ordinal)} there, and {problem}: ", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Interop.BpfCommand.ProgramLoad, _calls.Commands);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void A_first_parameter_that_is_left_out_is_found_and_what_to_write_is_said()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("sched_switch", false, "bool", "struct task_struct *", "struct task_struct *");
        Assert.Equal(
            "load program probe: its parameter 1, 'a', is declared as struct task_struct *, but tracepoint sched_switch of this kernel passes bool there, "
            + "and a number is no pointer: declare its arguments from the first one on, which are (bool, struct task_struct *, struct task_struct *). "
            + "Trailing ones may be left out; declare as void* what differs between kernels, and cast it.",
            Assert.Throws<ArgumentMismatchException>(
                () => LoadedObject.Load(Kernel, Declaring("tp_btf/sched_switch", "struct task_struct *", "struct task_struct *"))).Message);
    }

    [Fact]
    public void Fewer_and_more_parameters_than_arguments_are_no_mistake()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("event", false, "int", "struct request *");
        LoadedObject.Load(Kernel, Declaring("tp_btf/event")).Dispose();
        LoadedObject.Load(Kernel, Declaring("tp_btf/event", "int")).Dispose();
        LoadedObject.Load(Kernel, Declaring("tp_btf/event", "int", "struct request *", "struct task_struct *")).Dispose();
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void The_result_of_a_function_comes_behind_its_arguments()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("event", true, "u64");
        LoadedObject.Load(Kernel, Declaring("fexit/event", "u64", "int")).Dispose();
        var e = Assert.Throws<ArgumentMismatchException>(() => LoadedObject.Load(Kernel, Declaring("fexit/event", "u64", "s64")));
        Assert.Contains("(u64, int)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_target_of_the_options_is_the_one_that_counts()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("event", false, "bool");
        var options = new LoadOptions();
        options.Targets["probe"] = "event";
        Assert.Throws<ArgumentMismatchException>(() => LoadedObject.Load(Kernel, Declaring("tp_btf/other", "struct request *"), options));
    }

    [Fact]
    public void Programs_that_declare_nothing_are_not_asked()
    {
        _calls.Files["/sys/kernel/btf/vmlinux"] = KernelTypes("event", false, "bool");
        (byte[] types, int function) = Samples.FunctionTypes("probe");
        BpfFunction program = Samples.Returning("probe", "tp_btf/event", 0) with { TypeId = function };
        LoadedObject.Load(Kernel, Samples.Object([program]) with { Btf = types }).Dispose();
    }

    [Theory]
    [InlineData("sys_enter", "syscalls/sys_enter_openat", "")]
    [InlineData("sys_enter", "raw_syscalls/sys_enter", "")]
    [InlineData("sys_exit", "syscalls/sys_exit_openat", "")]
    [InlineData("sys_exit", "syscalls/sys_enter_openat", "which is struct trace_event_raw_sys_enter: take a pointer to SyscallEnterContext")]
    [InlineData("sys_enter", "syscalls/sys_exit_openat", "which is struct trace_event_raw_sys_exit: take a pointer to SyscallExitContext")]
    [InlineData("sys_enter", "sched/sched_switch", "which is no record of a system call")]
    [InlineData("request", "syscalls/sys_exit_openat", "which is struct trace_event_raw_sys_exit")]
    [InlineData("request", "block/request_event", "")]
    [InlineData("request", "sched/sched_switch", "which has no field 'sector' at that place")]
    [InlineData("request", "block/other_place", "which has no field 'sector' at that place")]
    [InlineData("nothing", "sched/sched_switch", "")]
    public void A_record_is_compared_with_the_tracepoint(string record, string tracepoint, string problem)
    {
        var kernel = new BtfBuilder();
        int number = kernel.AddInt("unsigned long", 8);
        int entry = kernel.AddStruct("trace_entry", 8, [new("type", number, 0)]);
        kernel.AddStruct("trace_event_raw_request", 24, [new("ent", entry, 0), new("sector", number, 64), new("__data_loc_name", number, 128)]);
        _calls.Files["/sys/kernel/btf/vmlinux"] = kernel.ToArray();
        _calls.Files["/sys/kernel/tracing/events/header_page"] = [];
        Format("block/request_event", "sector_t sector;\toffset:8", "__data_loc char[] name;\toffset:16");
        Format("block/other_place", "sector_t sector;\toffset:16", "__data_loc char[] name;\toffset:24");
        Format("sched/sched_switch", "char prev_comm[16];\toffset:8");

        var types = new BtfBuilder();
        int word = types.AddInt("unsigned long", 8);
        int context = types.AddPointer(types.AddStruct("trace_event_raw_" + record + "___mine", 16, [new("ent", word, 0), new("sector", word, 64)]));
        int prototype = types.AddFunctionPrototype(types.AddInt("int", 4, isSigned: true), [new BtfParameter("ctx", context)]);
        types.AddFunction("____probe", prototype, BtfLinkage.Static);
        using LoadedObject loaded = LoadedObject.Load(Kernel, Samples.Object([Samples.Returning("probe", "tracepoint", 0)]) with { Btf = types.ToArray() });
        BpfProgram program = loaded.GetProgram("probe");
        if (problem.Length > 0)
        {
            var e = Assert.Throws<ArgumentMismatchException>(() => program.AttachTracepoint(tracepoint));
            Assert.Equal(("context", tracepoint), (e.Parameter, e.Target));
            Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        }
        else
        {
            Format(tracepoint);
            program.AttachTracepoint(tracepoint).Dispose();
        }
    }

    [Theory]
    [InlineData("xdp", "AttachXdp")]
    [InlineData("tc", "AttachTc")]
    [InlineData("perf_event", "AttachSampling")]
    [InlineData("uprobe", "AttachUprobe")]
    [InlineData("uprobe.multi", "AttachUprobes")]
    [InlineData("kprobe.multi", "AttachKprobes")]
    [InlineData("raw_tp", "AttachTracepoint")]
    [InlineData("sockops", "AttachCgroup")]
    [InlineData("syscall", "TestRun")]
    public void An_object_without_a_place_says_which_method_attaches_it(string section, string method)
    {
        using LoadedObject loaded = LoadedObject.Load(Kernel, FakeKernelTests.Sample(section));
        string message = Assert.Throws<BpfException>(() => loaded.Attach()).Message;
        Assert.StartsWith($"attach object: not every program says to what: probe ({section}): ", message, StringComparison.Ordinal);
        Assert.Contains($"with {method}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_an_object_is_not_attached()
    {
        BpfObject definition = Samples.Object([
            Samples.Returning("seen", "raw_tp/sys_enter", 0), Samples.Returning("packet", "xdp", 2), Samples.Returning("sample", "perf_event", 0),
            Samples.Returning("run", "syscall", 0)]);
        using (LoadedObject loaded = LoadedObject.Load(Kernel, definition))
        {
            string message = Assert.Throws<BpfException>(() => loaded.Attach()).Message;
            Assert.Contains("packet (xdp): say to which network interface, with AttachXdp; sample (perf_event): say how often, with AttachSampling. ", message, StringComparison.Ordinal);
            Assert.DoesNotContain("run (", message, StringComparison.Ordinal);
            Assert.DoesNotContain(Interop.BpfCommand.RawTracepointOpen, _calls.Commands);

            // Named, it is what was asked for.
            using LinkSet named = loaded.Attach("seen");
            Assert.Single(named.Links);
        }

        var options = new LoadOptions();
        options.Without.Add("sample");
        options.Without.Add("packet");
        using (LoadedObject loaded = LoadedObject.Load(Kernel, definition, options))
        using (LinkSet links = loaded.Attach())
        {
            Assert.Equal("seen", Assert.Single(links.Links).Program.Name);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void What_was_attached_otherwise_is_not_missed()
    {
        BpfObject definition = Samples.Object([Samples.Returning("seen", "raw_tp/sys_enter", 0), Samples.Returning("other", "raw_tp", 0)]);
        using (LoadedObject loaded = LoadedObject.Load(Kernel, definition))
        using (loaded.GetProgram("other").AttachTracepoint("sys_exit"))
        using (LinkSet links = loaded.Attach())
        {
            Assert.Equal("seen", Assert.Single(links.Links).Program.Name);
        }

        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void An_object_whose_programs_are_all_left_out_has_nothing_to_attach()
    {
        var options = new LoadOptions();
        options.Without.Add("probe");
        using LoadedObject loaded = LoadedObject.Load(Kernel, FakeKernelTests.Sample("raw_tp/sys_enter"), options);
        Assert.Contains("none of its programs is loaded", Assert.Throws<BpfException>(() => loaded.Attach()).Message, StringComparison.Ordinal);
    }

    private void Format(string tracepoint, params string[] fields)
    {
        string folder = "/sys/kernel/tracing/events/" + tracepoint;
        _calls.Files[folder + "/id"] = "314\n"u8.ToArray();
        if (fields.Length > 0)
        {
            _calls.Files[folder + "/format"] = Encoding.ASCII.GetBytes(
                "name: x\nID: 314\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\tfield:" + string.Join(";\tsize:8;\tsigned:0;\n\tfield:", fields)
                + ";\tsize:8;\tsigned:0;\n\nprint fmt: \"\"\n");
        }
    }

    private static byte[] KernelTypes(string name, bool isFunction, params string[] arguments)
    {
        var builder = new BtfBuilder();
        var types = new Types(builder);
        if (isFunction)
        {
            builder.AddFunction(name, builder.AddFunctionPrototype(types.Of("int"), types.Parameters(arguments)), BtfLinkage.Static);
        }
        else
        {
            List<BtfParameter> parameters = [new("__data", builder.AddPointer(0)), .. types.Parameters(arguments)];
            builder.AddTypedef("btf_trace_" + name, builder.AddPointer(builder.AddFunctionPrototype(0, parameters)));
        }

        return builder.ToArray();
    }

    private static BpfObject Declaring(string section, params string[] arguments)
    {
        var builder = new BtfBuilder();
        var types = new Types(builder);
        List<BtfParameter> parameters = [new("ctx", builder.AddPointer(0)), .. types.Parameters(arguments)];
        builder.AddFunction("____probe", builder.AddFunctionPrototype(types.Of("int"), parameters), BtfLinkage.Static);
        return Samples.Object([Samples.Returning("probe", section, 0)]) with { Btf = builder.ToArray() };
    }

    /// <summary>Types by their names in C.</summary>
    private sealed class Types(BtfBuilder builder)
    {
        private readonly Dictionary<string, int> _known = [];

        public List<BtfParameter> Parameters(string[] arguments)
        {
            var parameters = new List<BtfParameter>();
            foreach (string argument in arguments)
            {
                parameters.Add(new(((char)('a' + parameters.Count)).ToString(), Of(argument)));
            }

            return parameters;
        }

        public int Of(string type)
        {
            if (_known.TryGetValue(type, out int id))
            {
                return id;
            }

            string[] words = type.Split(' ');
            return _known[type] = type switch
            {
                "void" => 0,
                "bool" => builder.AddInt("bool", 1, isBool: true),
                "char" or "u8" => builder.AddInt(type, 1),
                "u32" => builder.AddInt(type, 4),
                "int" => builder.AddInt(type, 4, isSigned: true),
                "u64" => builder.AddInt(type, 8),
                "s64" => builder.AddInt(type, 8, isSigned: true),
                "pid_t" => builder.AddTypedef("pid_t", Of("int")),
                "enum" => builder.AddEnum("kind", 4, false, [new("ONE", 1)]),
                _ when type.EndsWith(" *", StringComparison.Ordinal) => builder.AddPointer(Of(type[..^2])),
                _ when words[0] == "const" => builder.AddModifier(BtfKind.Const, Of(type["const ".Length..])),
                _ when words[0] == "forward" => builder.AddForward(words[1]),
                _ => builder.AddStruct(words[1], 8, [new("first", Of("u64"), 0)]),
            };
        }
    }
}
