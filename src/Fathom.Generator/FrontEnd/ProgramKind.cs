using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>Where a program finds the arguments of its method.</summary>
internal enum ArgumentSource
{
    /// <summary>It has one, the context.</summary>
    Context,
    /// <summary>Words of the context, whose types the kernel knows.</summary>
    Words,
}

/// <summary>What a program may return.</summary>
internal enum ResultRule
{
    /// <summary>Nothing or a number.</summary>
    Any,
    /// <summary>Nothing: the verifier refuses anything but 0.</summary>
    None,
    /// <summary>A number: the kernel acts on it, and 0 is not what a method without a result means.</summary>
    Needed,
}

/// <summary>A type of program: its name and its flag in ProgramTypes, and what its methods look like.</summary>
internal sealed record ProgramKind(string Name, int Flag, ArgumentSource Arguments = ArgumentSource.Context, string? Context = null, ResultRule Result = ResultRule.Any)
{
    /// <summary>What may stand behind the section's name; null if nothing may.</summary>
    public Target? Target { get; init; }

    /// <summary>The names of the flags, in their order.</summary>
    public static IReadOnlyList<string> FlagNames { get; } =
        ["TracepointBtf", "RawTracepoint", "Tracepoint", "PerfEvent", "Syscall", "Xdp", "TrafficControl", "Kprobe", "Fentry", "Iterator", "CgroupSkb", "CgroupSock", "CgroupSockAddr"];

    private const int Kprobe = 1 << 7;

    private static readonly Target s_function = new("a function", ".");
    private static readonly Target s_functions = new("a pattern of functions", ".*?");
    private static readonly Dictionary<string, (string Section, ProgramKind Kind)> s_kinds = new(StringComparer.Ordinal)
    {
        ["TracepointBtf"] = ("tp_btf", new("TracepointBtf", 1, ArgumentSource.Words) { Target = new("a tracepoint") { IsNeeded = true } }),
        ["RawTracepoint"] = ("raw_tp", new("RawTracepoint", 1 << 1, Context: "RawTracepointContext") { Target = new("a tracepoint") }),
        ["Tracepoint"] = ("tracepoint", new("Tracepoint", 1 << 2) { Target = new("a tracepoint") }),
        ["PerfEvent"] = ("perf_event", new("PerfEvent", 1 << 3, Context: "PerfEventContext")),
        ["Syscall"] = ("syscall", new("Syscall", 1 << 4)),
        ["Xdp"] = ("xdp", new("Xdp", 1 << 5, Context: "XdpContext")),
        ["TrafficControl"] = ("tc", new("TrafficControl", 1 << 6, Context: "SocketBuffer")),
        ["Kprobe"] = ("kprobe", new("Kprobe", Kprobe, Context: "PtRegs") { Target = s_function }),
        ["Kretprobe"] = ("kretprobe", new("Kretprobe", Kprobe, Context: "PtRegs") { Target = s_function }),
        ["KprobeMulti"] = ("kprobe.multi", new("KprobeMulti", Kprobe, Context: "PtRegs") { Target = s_functions }),
        ["KretprobeMulti"] = ("kretprobe.multi", new("KretprobeMulti", Kprobe, Context: "PtRegs") { Target = s_functions }),
        ["KprobeSession"] = ("kprobe.session", new("KprobeSession", Kprobe, Context: "PtRegs", Result: ResultRule.Needed) { Target = s_functions }),
        ["Uprobe"] = ("uprobe", new("Uprobe", Kprobe, Context: "PtRegs") { Target = new("'PATH:FUNCTION'") { Colons = 1 } }),
        ["Uretprobe"] = ("uretprobe", new("Uretprobe", Kprobe, Context: "PtRegs") { Target = new("'PATH:FUNCTION'") { Colons = 1 } }),
        ["UprobeMulti"] = ("uprobe.multi", new("UprobeMulti", Kprobe, Context: "PtRegs") { Target = new("'PATH:PATTERN'") { Colons = 1 } }),
        ["UretprobeMulti"] = ("uretprobe.multi", new("UretprobeMulti", Kprobe, Context: "PtRegs") { Target = new("'PATH:PATTERN'") { Colons = 1 } }),
        ["UprobeSession"] = ("uprobe.session", new("UprobeSession", Kprobe, Context: "PtRegs", Result: ResultRule.Needed) { Target = new("'PATH:PATTERN'") { Colons = 1 } }),
        ["Usdt"] = ("usdt", new("Usdt", Kprobe, Context: "PtRegs") { Target = new("'PATH:PROVIDER:NAME'") { Colons = 2 } }),
        ["Fentry"] = ("fentry", new("Fentry", 1 << 8, ArgumentSource.Words, Result: ResultRule.None) { Target = s_function }),
        ["Fexit"] = ("fexit", new("Fexit", 1 << 8, ArgumentSource.Words, Result: ResultRule.None) { Target = s_function }),
        ["Iterator"] = ("iter", new("Iterator", 1 << 9, ArgumentSource.Words) { Target = new("an iterator") { IsNeeded = true } }),
        ["CgroupSkb"] = ("cgroup_skb", new("CgroupSkb", 1 << 10, Context: "SocketBuffer", Result: ResultRule.Needed)),
        ["CgroupSock"] = ("cgroup", new("CgroupSock", 1 << 11, Context: "CgroupSocket", Result: ResultRule.Needed)),
        ["CgroupSockAddr"] = ("cgroup", new("CgroupSockAddr", 1 << 12, Context: "CgroupSocketAddress", Result: ResultRule.Needed)),
    };

    /// <summary>Reads an attribute: the type of the program and its section, named as libbpf names it, or what is wrong.</summary>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.12/tools/lib/bpf/libbpf.c (section_defs)</remarks>
    public static (ProgramKind? Kind, string Section, string? Problem) Read(AttributeData attribute)
    {
        string name = attribute.AttributeClass!.Name;
        name = name.EndsWith("Attribute", StringComparison.Ordinal) ? name.Substring(0, name.Length - "Attribute".Length) : name;
        if (!s_kinds.TryGetValue(name, out (string Section, ProgramKind Kind) found))
        {
            return (null, "", "its attribute is not known");
        }

        string? behind = name switch
        {
            "TrafficControl" => null,
            "CgroupSkb" => Choice(attribute, "ingress", "egress"),
            "CgroupSock" => Choice(attribute, "sock_create", "sock_release", "post_bind4", "post_bind6"),
            "CgroupSockAddr" => Choice(attribute, "connect4", "connect6", "bind4", "bind6", "sendmsg4", "sendmsg6", "recvmsg4", "recvmsg6"),
            _ when attribute.ConstructorArguments.All(a => a.IsNull) => null,
            _ => string.Join("/", attribute.ConstructorArguments.Select(a => a.Value as string ?? "")),
        };
        string section = name == "TrafficControl" ? attribute.Named("Hook", 0) switch { 1 => "tcx/ingress", 2 => "tcx/egress", _ => "tc" } : found.Section;
        return (found.Kind, behind is null ? section : section + "/" + behind, found.Kind.Target?.FindProblem(behind));
    }

    private static string Choice(AttributeData attribute, params string[] names) =>
        attribute.ConstructorArguments.FirstOrDefault().Value is int index && index >= 0 && index < names.Length ? names[index] : names[0];
}

/// <summary>What a program is attached to, as it stands in a section's name.</summary>
/// <param name="What">What it is, for messages.</param>
/// <param name="Signs">What may stand in a name beside letters, digits and <c>_</c>.</param>
internal sealed record Target(string What, string Signs = "")
{
    /// <summary>True if it cannot be said when attaching.</summary>
    public bool IsNeeded { get; init; }

    /// <summary>For a place in a file: what stands behind its path, each behind a colon.</summary>
    public int Colons { get; init; }

    public string? FindProblem(string? text)
    {
        if (text is null)
        {
            return IsNeeded ? "its attribute must name " + What : null;
        }

        if (Colons > 0)
        {
            string[] parts = text.Split(':');
            return parts.Length > Colons && parts.All(p => p.Length > 0) && !text.Any(char.IsControl) ? null : "'" + Escape(text) + "' is not " + What;
        }

        string? bad = text.Split('/').FirstOrDefault(part => part.Length == 0 || !part.All(IsAllowed));
        return bad is null ? null : "'" + Escape(bad) + "' is no name of something that the kernel has";
    }

    private bool IsAllowed(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' || Signs.IndexOf(c) >= 0;

    private static string Escape(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
