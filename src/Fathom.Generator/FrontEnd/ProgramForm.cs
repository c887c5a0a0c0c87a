using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Format.Objects;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>A program that a method becomes. One at a function becomes two, of which the loader takes one.</summary>
/// <param name="Section">The section, named as libbpf names it.</param>
/// <param name="Kind">The program's type.</param>
/// <param name="Suffix">What is added to the method's name.</param>
internal sealed record ProgramForm(string Section, ProgramKind Kind, string Suffix = "")
{
    private const int Kprobe = 1 << 7, Fentry = 1 << 8;

    private static readonly Target s_function = new("a function", ".");
    private static readonly Target s_functions = new("a pattern of functions", ".*?");
    private static readonly Target s_userFunction = new("'PATH:FUNCTION'") { Colons = 1 };
    private static readonly Target s_userFunctions = new("'PATH:PATTERN'") { Colons = 1 };

    // By the attribute's name. https://github.com/torvalds/linux/blob/v6.12/tools/lib/bpf/libbpf.c (section_defs)
    private static readonly Dictionary<string, ProgramForm> s_forms = new(StringComparer.Ordinal)
    {
        ["TracepointBtf"] = new("tp_btf", new("TracepointBtf", 1, ArgumentSource.Words) { Target = new("a tracepoint") { IsNeeded = true } }),
        ["RawTracepoint"] = new("raw_tp", new("RawTracepoint", 1 << 1, Context: "RawTracepointContext") { Target = new("a tracepoint") }),
        ["Tracepoint"] = new("tracepoint", new("Tracepoint", 1 << 2) { Target = new("a tracepoint") }),
        ["PerfEvent"] = new("perf_event", new("PerfEvent", 1 << 3, Context: "PerfEventContext")),
        ["Syscall"] = new("syscall", new("Syscall", 1 << 4)),
        ["Xdp"] = new("xdp", new("Xdp", 1 << 5, Context: "XdpContext")),
        ["TrafficControl"] = new("tc", new("TrafficControl", 1 << 6, Context: "SocketBuffer")),
        ["Kprobe"] = new("kprobe", AtCall("Kprobe", PointerSpace.Kernel, s_function)),
        ["Kretprobe"] = new("kretprobe", AtReturn("Kretprobe", PointerSpace.Kernel, s_function)),
        ["KprobeMulti"] = new("kprobe.multi", AtCall("KprobeMulti", PointerSpace.Kernel, s_functions)),
        ["KretprobeMulti"] = new("kretprobe.multi", AtReturn("KretprobeMulti", PointerSpace.Kernel, s_functions)),
        ["KprobeSession"] = new("kprobe.session", AtBoth("KprobeSession", s_functions)),
        ["Uprobe"] = new("uprobe", AtCall("Uprobe", PointerSpace.User, s_userFunction)),
        ["Uretprobe"] = new("uretprobe", AtReturn("Uretprobe", PointerSpace.User, s_userFunction)),
        ["UprobeMulti"] = new("uprobe.multi", AtCall("UprobeMulti", PointerSpace.User, s_userFunctions)),
        ["UretprobeMulti"] = new("uretprobe.multi", AtReturn("UretprobeMulti", PointerSpace.User, s_userFunctions)),
        ["UprobeSession"] = new("uprobe.session", AtBoth("UprobeSession", s_userFunctions)),
        ["Usdt"] = new("usdt", AtCall("Usdt", PointerSpace.User, new("'PATH:PROVIDER:NAME'") { Colons = 2 }) with { Arguments = ArgumentSource.Usdt }),
        ["Fentry"] = new("fentry", AtEntry("Fentry", s_function)),
        ["Fexit"] = new("fexit", AtEntry("Fexit", s_function)),
        ["KernelFunction"] = new("?fentry", AtEntry("Fentry", s_function with { IsNeeded = true })),
        ["KernelFunctionReturn"] = new("?fexit", new("Fexit", Fentry, ArgumentSource.ResultWord, Result: ResultRule.None) { Target = s_function with { IsNeeded = true }, HasGarbage = true }),
        ["Iterator"] = new("iter", new("Iterator", 1 << 9, ArgumentSource.Words) { Target = new("an iterator") { IsNeeded = true } }),
        ["CgroupSkb"] = new("cgroup_skb", new("CgroupSkb", 1 << 10, Context: "SocketBuffer", Result: ResultRule.Needed)),
        ["CgroupSock"] = new("cgroup", new("CgroupSock", 1 << 11, Context: "CgroupSocket", Result: ResultRule.Needed)),
        ["CgroupSockAddr"] = new("cgroup", new("CgroupSockAddr", 1 << 12, Context: "CgroupSocketAddress", Result: ResultRule.Needed)),
    };

    // What stands in for programs that this kernel has not got.
    private static readonly Dictionary<string, ProgramForm> s_otherForms = new(StringComparer.Ordinal)
    {
        ["KernelFunction"] = new("?kprobe", AtCall("Kprobe", PointerSpace.Kernel, s_function) with { Context = null, Result = ResultRule.None }, ProgramForms.KprobeSuffix),
        ["KernelFunctionReturn"] = new("?kretprobe", AtReturn("Kretprobe", PointerSpace.Kernel, s_function) with { Context = null, Result = ResultRule.None }, ProgramForms.KprobeSuffix),
    };

    /// <summary>Reads an attribute: the programs that it makes of a method, or what is wrong with it.</summary>
    public static (IReadOnlyList<ProgramForm> Forms, string? Problem) Read(AttributeData attribute)
    {
        string name = attribute.AttributeClass!.Name;
        name = name.EndsWith("Attribute", StringComparison.Ordinal) ? name.Substring(0, name.Length - "Attribute".Length) : name;
        if (!s_forms.TryGetValue(name, out ProgramForm? form) || form is null)
        {
            return ([], "its attribute is not known");
        }

        string? target = name switch
        {
            "TrafficControl" => null,
            "CgroupSkb" => Choice(attribute, "ingress", "egress"),
            "CgroupSock" => Choice(attribute, "sock_create", "sock_release", "post_bind4", "post_bind6"),
            "CgroupSockAddr" => Choice(attribute, "connect4", "connect6", "bind4", "bind6", "sendmsg4", "sendmsg6", "recvmsg4", "recvmsg6"),
            _ when attribute.ConstructorArguments.All(a => a.IsNull) => null,
            _ => string.Join("/", attribute.ConstructorArguments.Select(a => a.Value as string ?? "")),
        };
        form = name switch
        {
            "TrafficControl" => form with { Section = attribute.Named("Hook", 0) switch { 1 => "tcx/ingress", 2 => "tcx/egress", _ => "tc" } },
            "KernelFunctionReturn" when attribute.Named("Arguments", -1) is >= 0 and var count => form with { Kind = form.Kind with { ResultIndex = count } },
            _ => form,
        };
        string? problem = form.Kind.Target?.FindProblem(target) ?? (form.Kind.ResultIndex > 12 ? "a function has at most 12 arguments" : null);
        ProgramForm[] forms = s_otherForms.TryGetValue(name, out ProgramForm? other) && other is not null ? [form, other] : [form];
        return ([.. forms.Select(f => target is null ? f : f with { Section = f.Section + "/" + target, Kind = f.Kind with { Event = target } })], problem);
    }

    private static ProgramKind AtCall(string name, PointerSpace pointers, Target target) =>
        new(name, Kprobe, ArgumentSource.Registers, Context: "PtRegs") { Target = target, Pointers = pointers, HasGarbage = true };

    private static ProgramKind AtReturn(string name, PointerSpace pointers, Target target) =>
        AtCall(name, pointers, target) with { Arguments = ArgumentSource.ResultRegister };

    private static ProgramKind AtBoth(string name, Target target) => new(name, Kprobe, Context: "PtRegs", Result: ResultRule.Needed) { Target = target };

    private static ProgramKind AtEntry(string name, Target target) =>
        new(name, Fentry, ArgumentSource.Words, Result: ResultRule.None) { Target = target, HasGarbage = true };

    private static string Choice(AttributeData attribute, params string[] names) =>
        attribute.ConstructorArguments.FirstOrDefault().Value is int index && index >= 0 && index < names.Length ? names[index] : names[0];
}
