using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Each program attribute: the section that other loaders know its type by, and what a program of that type looks like.</summary>
public class ProgramTypeTests
{
    /// <summary>The attribute and the method behind it, and the section's name.</summary>
    public static TheoryData<string, string> Sections => new()
    {
        { "[Kprobe(\"vfs_read\")] static void Run(PtRegs* r) { }", "kprobe/vfs_read" },
        { "[Kprobe(\"schedule.part.0\")] static void Run() { }", "kprobe/schedule.part.0" },
        { "[Kprobe] static int Run(void* r) => 0;", "kprobe" },
        { "[Kretprobe(\"vfs_read\")] static void Run(PtRegs* r) { }", "kretprobe/vfs_read" },
        { "[Kretprobe] static void Run() { }", "kretprobe" },
        { "[KprobeMulti(\"vfs_*\")] static void Run(PtRegs* r) { }", "kprobe.multi/vfs_*" },
        { "[KprobeMulti] static void Run() { }", "kprobe.multi" },
        { "[KretprobeMulti] static void Run() { }", "kretprobe.multi" },
        { "[KprobeSession] static int Run(PtRegs* r) => 1;", "kprobe.session" },
        { "[Uprobe(\"/usr/lib/a:b<c>&/libc.so.6:malloc\")] static void Run(PtRegs* r) { }", "uprobe//usr/lib/a:b<c>&/libc.so.6:malloc" },
        { "[Uprobe] static void Run() { }", "uprobe" },
        { "[Uretprobe(\"libc.so.6:malloc\")] static void Run() { }", "uretprobe/libc.so.6:malloc" },
        { "[UprobeMulti(\"libc.so.6:mem*\")] static void Run() { }", "uprobe.multi/libc.so.6:mem*" },
        { "[UretprobeMulti] static void Run() { }", "uretprobe.multi" },
        { "[UprobeSession] static int Run() => 0;", "uprobe.session" },
        { "[Usdt(\"/usr/bin/python3:python:gc__start\")] static void Run(PtRegs* r) { }", "usdt//usr/bin/python3:python:gc__start" },
        { "[Usdt] static void Run() { }", "usdt" },
        { "[Fentry(\"vfs_read\")] static void Run(KernelFile* f, void* b, ulong c) { }", "fentry/vfs_read" },
        { "[Fexit] static void Run(KernelFile* f, void* b, ulong c, void* p, long r) { }", "fexit" },
        { "[RawTracepoint] static void Run(RawTracepointContext* c) { }", "raw_tp" },
        { "[RawTracepoint(\"sys_enter\")] static void Run(RawTracepointContext* c) { }", "raw_tp/sys_enter" },
        { "[Tracepoint] static void Run(void* c) { }", "tracepoint" },
        { "[Tracepoint(\"sched\", \"sched_switch\")] static void Run(void* c) { }", "tracepoint/sched/sched_switch" },
        { "[Iterator(\"task\")] static int Run(IteratorMeta* m, TaskStruct* t) => t == null ? 0 : t->pid & 0;", "iter/task" },
        { "[CgroupSkb(CgroupDirection.Ingress)] static CgroupVerdict Run(SocketBuffer* s) => s->Family == 2 ? CgroupVerdict.Allow : CgroupVerdict.Refuse;", "cgroup_skb/ingress" },
        { "[CgroupSkb(CgroupDirection.Egress)] static CgroupVerdict Run() => CgroupVerdict.Allow;", "cgroup_skb/egress" },
        { "[CgroupSock(CgroupSockHook.Create)] static int Run(CgroupSocket* s) => s->Family == 2 ? 1 : 0;", "cgroup/sock_create" },
        { "[CgroupSock(CgroupSockHook.PostBind6)] static int Run(CgroupSocket* s) => 1;", "cgroup/post_bind6" },
        { "[CgroupSockAddr(CgroupSockAddrHook.Connect4)] static CgroupVerdict Run(CgroupSocketAddress* a) { a->UserIp4 = 0x0100007f; return CgroupVerdict.Allow; }", "cgroup/connect4" },
        { "[CgroupSockAddr(CgroupSockAddrHook.Connect6)] static CgroupVerdict Run(CgroupSocketAddress* a) => CgroupVerdict.Allow;", "cgroup/connect6" },
        { "[CgroupSockAddr(CgroupSockAddrHook.ReceiveMessage6)] static CgroupVerdict Run(CgroupSocketAddress* a) => CgroupVerdict.Allow;", "cgroup/recvmsg6" },
    };

    [Theory]
    [MemberData(nameof(Sections))]
    public void An_attribute_names_a_section(string program, string section)
    {
        BpfObject compiled = ObjectFile.Parse(Compiling.ObjectFileOf(Compiling.Build(Source(program)), "P"));
        BpfFunction function = Assert.Single(compiled.Functions);
        Assert.Equal(section, function.Section);
    }

    private static string Source(string program) =>
        "using Fathom.Bpf; using Fathom.Bpf.KernelTypes;\n#pragma warning disable\n[BpfObject(License = \"GPL\")] static unsafe partial class P { " + program + " }";
}
