using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Each diagnostic: its id, exactly what it underlines, and what it says to write instead.</summary>
public class DiagnosticTests
{
    /// <summary>A body for a [Syscall] program, what must be underlined, the id, a part of the message.</summary>
    public static TheoryData<string, string, string, string> Bodies => new()
    {
        { "var s = \"text\"; _ = s.Length;", "s", "FTH0005", "\"...\"u8" },
        { "var a = new int[4]; a[0] = 1;", "a", "FTH0005", "stackalloc" },
        { "object o = new object();", "o", "FTH0005", "object" },
        { "double d = x; _ = d;", "d", "FTH0007", "scaled integers" },
        { "x = (uint)(x * 1.5);", "x * 1.5", "FTH0007", "scaled integers" },
        { "try { x++; } catch { }", "try", "FTH0008", "test results" },
        { "throw new System.Exception();", "throw new System.Exception();", "FTH0008", "return" },
        { "_ = Recurse(x);", "Recurse(x - 1)", "FTH0009", "bounded loop" },
        { "System.Func<uint, uint> f = y => y; x = f(x);", "f", "FTH0005", "Func" },
        { "x = System.Environment.CpuUsage.TotalTime.Ticks > 0 ? 1u : 0;", "System.Environment.CpuUsage.TotalTime.Ticks", "FTH0011", "no source" },
        { "x = (uint)System.Environment.ProcessId;", "System.Environment.ProcessId", "FTH0011", "no source" },
        { "System.Span<byte> b = stackalloc byte[(int)x]; b[0] = 1;", "(int)x", "FTH0012", "constant" },
        { "System.Span<byte> b = stackalloc byte[1024]; b[0] = 1;", "stackalloc byte[1024]", "FTH0013", "PerCpuArray" },
        { "x = checked(x + 1);", "x + 1", "FTH0017", "unchecked" },
        { "x = Outside.Counter;", "Outside.Counter", "FTH0018", "move it there" },
        { "lock (typeof(P)) { x++; }", "lock (typeof(P)) { x++; }", "FTH0019", "Interlocked" },
        { "x = (uint?)x ?? 3u;", "(uint?)x ?? 3u", "FTH0019", "== null" },
        { "uint? n = x; _ = n;", "n", "FTH0005", "?" },
        { "Explicit e = default; _ = e.A;", "e", "FTH0020", "sequential" },
        { "*(uint*)x = 1;", "*(uint*)x", "FTH0021", "only read" },
        { "var t = *(TaskStruct*)Helpers.GetCurrentTask(); _ = t.pid;", "t", "FTH0022", "pointer" },
        { "_ = Core.FieldExists(x);", "x", "FTH0026", "field of a kernel struct" },
        { "_ = Core.TypeExists<Padded>();", "Core.TypeExists<Padded>()", "FTH0026", "KernelStruct" },
        { "Events.Output(new Padded());", "new Padded()", "FTH0016", "3 bytes of padding before 'B'" },
        { "_ = Helpers.GetStack((void*)0, (void*)0, 8);", "Helpers.GetStack((void*)0, (void*)0, 8)", "FTH0014", "PerfEvent" },
        { "var m = Events; _ = m;", "m", "FTH0005", "" },
        { "goto done; done: using (null) { }", "using", "FTH0008", "every path" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_outside_the_subset(string body, string underlined, string id, string message)
    {
        var compilation = Compiling.Compile(Program(body));
        var diagnostics = await Compiling.Analyze(compilation);
        Diagnostic found = Assert.Single(diagnostics);
        Assert.True(id == found.Id, found.ToString());
        Assert.Equal(underlined, found.Location.SourceTree!.GetText(TestContext.Current.CancellationToken).ToString(found.Location.SourceSpan));
        Assert.Contains(message, found.GetMessage());

        // The build says the same at the same place, with or without the analyzer.
        Compiling.Driver().RunGeneratorsAndUpdateCompilation(compilation, out _, out var fromGenerator, TestContext.Current.CancellationToken);
        Diagnostic built = Assert.Single(fromGenerator);
        Assert.Equal((found.Id, found.GetMessage(), found.Descriptor.HelpLinkUri), (built.Id, built.GetMessage(), built.Descriptor.HelpLinkUri));
        Assert.Equal(found.Location.GetLineSpan(), built.Location.GetLineSpan());
    }

    public static TheoryData<string, string, string, string> Declarations => new()
    {
        { "[BpfObject] static unsafe class P { }", "P", "FTH0003", "partial" },
        { "[BpfObject] unsafe partial class P { }", "P", "FTH0003", "static" },
        { "[BpfObject] static unsafe partial class P { [Syscall] static long Run() => 1; }", "Run", "FTH0004", "32 bits" },
        { "[BpfObject] static unsafe partial class P { [Xdp] static int Run(uint* c) => 1; }", "Run", "FTH0004", "XdpContext" },
        { "[BpfObject] static unsafe partial class P { [Map(MaxEntries = 1)] static HashMap<ulong, ulong> M; }", "M", "FTH0025", "readonly" },
        { "[BpfObject] static unsafe partial class P { static readonly HashMap<ulong, ulong> M; }", "M", "FTH0025", "[Map" },
        { "[BpfObject] static unsafe partial class P { [Map(MaxEntries = 5000)] static readonly RingBuffer M; }", "M", "FTH0025", "power of two" },
        { "struct K { public byte A; public uint B; } [BpfObject] static unsafe partial class P { [Map(MaxEntries = 1)] static readonly HashMap<K, uint> M; }", "M", "FTH0016", "3 bytes" },
        { "[BpfObject] static unsafe partial class P { [Constant] static uint C; }", "C", "FTH0018", "readonly" },
        { "[BpfObject] static unsafe partial class P { static uint C = (uint)System.Environment.ProcessId; }", "(uint)System.Environment.ProcessId", "FTH0018", "constant" },
        { "[BpfObject] static unsafe partial class P { [Syscall] static int Run() => Six(1, 2, 3, 4, 5, 6); [BpfSubprogram] static int Six(int a, int b, int c, int d, int e, int f) => a; }", "Six", "FTH0024", "5 parameters" },
        { "[BpfObject] static unsafe partial class P { [Xdp] static XdpAction Run(XdpContext* c) { _ = Helpers.GetCurrentPidTgid(); return XdpAction.Pass; } }", "Helpers.GetCurrentPidTgid()", "FTH0014", "Xdp" },
        { "[BpfObject] static unsafe partial class P { [TracepointBtf(\"x\")] static void Run(string s) { } }", "Run", "FTH0004", "'s'" },
        { "[BpfObject] static unsafe partial class P { [TracepointBtf(\"x\\ny\")] static void Run() { } }", "Run", "FTH0004", "no name" },
        { "[BpfObject] static unsafe partial class P { [TracepointBtf(null)] static void Run() { } }", "Run", "FTH0004", "must name a tracepoint" },
        { "[BpfObject] static unsafe partial class P { [Tracepoint(null, \"x\")] static void Run() { } }", "Run", "FTH0004", "no name" },
        { "[BpfObject] static unsafe partial class P { [Kprobe(\"vfs_*\")] static void Run() { } }", "Run", "FTH0004", "'vfs_*' is no name" },
        { "[BpfObject] static unsafe partial class P { [Kprobe(\"\")] static void Run() { } }", "Run", "FTH0004", "no name" },
        { "[BpfObject] static unsafe partial class P { [Kprobe] static void Run(RawTracepointContext* c) { } }", "Run", "FTH0004", "'PtRegs*'" },
        { "[BpfObject] static unsafe partial class P { [KprobeSession] static void Run() { } }", "Run", "FTH0004", "return 0 if it does, 1 if not" },
        { "[BpfObject] static unsafe partial class P { [Uprobe(\"malloc\")] static void Run() { } }", "Run", "FTH0004", "'malloc' is not 'PATH:FUNCTION'" },
        { "[BpfObject] static unsafe partial class P { [Uprobe(\"libc.so.6:\")] static void Run() { } }", "Run", "FTH0004", "'PATH:FUNCTION'" },
        { "[BpfObject] static unsafe partial class P { [Usdt(\"a:b\")] static void Run() { } }", "Run", "FTH0004", "'PATH:PROVIDER:NAME'" },
        { "[BpfObject] static unsafe partial class P { [Fentry(\"f\")] static int Run() => 0; }", "Run", "FTH0004", "must be void" },
        { "[BpfObject] static unsafe partial class P { [Kprobe] static void Run(PtRegs* r, int a) { } }", "Run", "FTH0004", "beside arguments Helpers.Context()" },
        { "[BpfObject] static unsafe partial class P { [Kprobe] static void Run(int a, int b, int c, int d, int e, int f, int g) { } }", "Run", "FTH0004", "first 6 arguments" },
        { "[BpfObject] static unsafe partial class P { [Kretprobe] static void Run(int a, int b) { } }", "Run", "FTH0004", "its result only" },
        { "[BpfObject] static unsafe partial class P { [Uprobe] static void Run(string s) { } }", "Run", "FTH0004", "'s' must be an integer, an enum or a pointer" },
        { "[BpfObject] static unsafe partial class P { [KernelFunction(null)] static void Run() { } }", "Run", "FTH0004", "must name a function" },
        { "[BpfObject] static unsafe partial class P { [KernelFunction(\"f\")] static int Run() => 0; }", "Run", "FTH0004", "must be void" },
        { "[BpfObject] static unsafe partial class P { [KernelFunction(\"f\")] static void Run(int a, int b, int c, int d, int e, int f, int g) { } }", "Run", "FTH0004", "first 6 arguments" },
        { "[BpfObject] static unsafe partial class P { [KernelFunction(\"f\")] static void Run(int a) { } static int Run__kprobe; }", "Run", "FTH0004", "'Run__kprobe'" },
        { "[BpfObject] static unsafe partial class P { [KernelFunctionReturn(\"f\")] static void Run(int a, long result) { } }", "Run", "FTH0004", "its result only" },
        { "[BpfObject] static unsafe partial class P { [KernelFunctionReturn(\"f\", Arguments = 13)] static void Run(long result) { } }", "Run", "FTH0004", "at most 12" },
        { "[BpfObject] static unsafe partial class P { [Fentry(\"f\")] static void Run(RawTracepointContext* c) { } }", "Run", "FTH0004", "'c' cannot be a context" },
        { "[BpfObject] static unsafe partial class P { [Usdt] static void Run(RawTracepointContext* a) { } }", "Run", "FTH0004", "'PtRegs*'" },
        { "[BpfObject] static unsafe partial class P { [Kprobe] static void Run(void* first) { _ = Helpers.TaskPtRegs(first); } }", "first", "FTH0019", "On a kprobe the verifier does not know" },
        { "[BpfObject] static unsafe partial class P { [KernelFunction(\"f\")] static void Run(void* first) { _ = Helpers.TaskPtRegs(first); } }", "first", "FTH0019", "On a kprobe the verifier does not know" },
        { "[BpfObject] static unsafe partial class P { [RawTracepoint] static void Run() { _ = Helpers.TaskPtRegs(Helpers.GetCurrentTask()); } }", "Helpers.GetCurrentTask()", "FTH0019", "Helpers.GetCurrentTaskBtf()" },
        { "[BpfObject] static unsafe partial class P { [Kprobe] static void Run(void* first) { _ = Helpers.GetAttachCookie(first); } }", "first", "FTH0019", "Helpers.Context()" },
        { "[BpfObject] static unsafe partial class P { [CgroupSkb(CgroupDirection.Ingress)] static void Run() { } }", "Run", "FTH0004", "CgroupVerdict" },
        { "[BpfObject] static unsafe partial class P { [CgroupSkb(CgroupDirection.Ingress)] static CgroupVerdict Run() => (CgroupVerdict)Helpers.GetCurrentPidTgid(); }", "Helpers.GetCurrentPidTgid()", "FTH0014", "CgroupSockAddr" },
        { "[BpfObject] static unsafe partial class P { [TracepointBtf(\"x\")] static void Run() { _ = Helpers.GetFuncIp(Helpers.Context()); } }", "Helpers.GetFuncIp(Helpers.Context())", "FTH0014", "it is for: Kprobe, Fentry" },
        { "[BpfObject] static unsafe partial class P<T> { [Syscall] static int Run() => 1; }", "P", "FTH0019", "generic" },
        { "static unsafe partial class G<T> { [BpfObject] static unsafe partial class P { [Syscall] static int Run() => 1; } }", "P", "FTH0019", "move it out" },
        { "file static class F { } [BpfObject] file static unsafe partial class P { [Syscall] static int Run() => 1; }", "P", "FTH0019", "internal" },
        { "[BpfObject] static unsafe partial class P { static ulong Load; [Syscall] static int Run() => 1; }", "Load", "FTH0019", "choose another" },
        { "[BpfObject] static unsafe partial class P { [Map(MaxEntries = 1)] static readonly ArrayMap<int> Object; }", "Object", "FTH0019", "choose another" },
        { "[BpfObject] static unsafe partial class P { static int Größe; static int Gr_ße; }", "Gr_ße", "FTH0019", "Gr__e" },
        { "[BpfObject] static unsafe partial class P { static int C; static P() { C = 1; } }", "P", "FTH0019", "never runs" },
        { "[BpfObject] static unsafe partial class P { [System.ThreadStatic] static int C; }", "C", "FTH0018", "PerCpuArray" },
        { "[BpfObject] static unsafe partial class P { static volatile int C; }", "C", "FTH0018", "Interlocked" },
        { "[BpfObject, Includes(typeof(int[]))] static unsafe partial class P { }", "Includes(typeof(int[]))", "FTH0019", "a part is a class" },
        { "static class Q { } [BpfObject, Includes(typeof(Q))] static unsafe partial class P { }", "Includes(typeof(Q))", "FTH0019", "marked [BpfPart]" },
        { "[BpfPart] class Q { } [BpfObject, Includes(typeof(Q))] static unsafe partial class P { }", "Includes(typeof(Q))", "FTH0019", "only a static class" },
        { "[BpfPart] static class Q<T> { } [BpfObject, Includes(typeof(Q<int>))] static unsafe partial class P { }", "Includes(typeof(Q<int>))", "FTH0019", "no generic one" },
        { "[BpfPart] static class Q { } [BpfObject, Includes(typeof(Q)), Includes(typeof(Q))] static unsafe partial class P { }", "Includes(typeof(Q))", "FTH0019", "included already" },
        { "[BpfObject, Includes(typeof(P)), BpfPart] static unsafe partial class P { }", "Includes(typeof(P))", "FTH0019", "included already" },
        { "[BpfObject] static unsafe partial class P { [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "'A' is no bool field or property" },
        { "[BpfObject] static unsafe partial class P { [Constant] static readonly uint A; [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "'A' is no bool" },
        { "[BpfObject] static unsafe partial class P { static bool A; [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "'A' is neither a [Constant]" },
        { "[BpfObject] static unsafe partial class P { static bool A => A; [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "'A' is neither a [Constant]" },
        { "[BpfObject] static unsafe partial class P { static bool A => Helpers.GetPrandomU32() == 1; [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "'Helpers.GetPrandomU32()' is more than user space can ask" },
        { "[BpfObject] static unsafe partial class P { static bool A { get { return true; } } [Map(MaxEntries = 1), LoadIf(\"A\")] static readonly ArrayMap<int> M; }", "LoadIf(\"A\")", "FTH0019", "written with =>" },
        { "[BpfPart] static unsafe class Q { [Constant] static readonly bool B; static bool A => B; [Syscall, LoadIf(\"A\")] static int Part() => 1; } [BpfObject, Includes(typeof(Q))] static unsafe partial class P { [Constant] static readonly bool C; static bool A => C; [Syscall, LoadIf(\"A\")] static int Run() => 1; }", "LoadIf(\"A\")", "FTH0019", "choose another name" },
        { "[BpfObject] static unsafe partial class P { [BeforeProgram] static int A() => 1; [BeforeProgram] static int B() => 1; }", "B", "FTH0004", "'P.A'" },
        { "[BpfObject] static unsafe partial class P { [BeforeProgram] static int A(int program) => 1; }", "A", "FTH0004", "a uint" },
        { "[BpfObject] static unsafe partial class P { [BeforeProgram] static System.DateTime A() => default; }", "A", "FTH0004", "an integer or a pointer" },
        { "[BpfObject] static unsafe partial class P { [AfterProgram] static void A(int given) { } [Syscall] static int Run() => 1; }", "A", "FTH0004", "no method marked [BeforeProgram]" },
        { "[BpfObject] static unsafe partial class P { [Loss(\"a\", \"b\")] static uint A; }", "A", "FTH0018", "'static ulong'" },
        { "[BpfObject] static unsafe partial class P { [Constant, Loss(\"a\", \"b\")] static readonly ulong A; }", "A", "FTH0018", "not readonly" },
        { "[BpfObject] static unsafe partial class P { [HasTracepoint(\"a\")] static bool A; }", "A", "FTH0018", "[Constant]" },
        { "[BpfObject] static unsafe partial class P { [Constant, HasTracepoint(\"a\")] static readonly uint A; }", "A", "FTH0018", "'static readonly bool'" },
    };

    [Theory]
    [MemberData(nameof(Declarations))]
    public async Task A_declaration_that_is_wrong(string source, string underlined, string id, string message)
    {
        var diagnostics = await Compiling.Analyze(Compiling.Compile("using Fathom.Bpf;\n#pragma warning disable\n" + source));
        Diagnostic found = Assert.Single(diagnostics);
        Assert.True(id == found.Id, found.ToString());
        Assert.Equal(underlined, found.Location.SourceTree!.GetText(TestContext.Current.CancellationToken).ToString(found.Location.SourceSpan));
        Assert.Contains(message, found.GetMessage());
    }

    [Fact]
    public async Task A_part_of_another_project_is_refused()
    {
        using var library = new MemoryStream();
        Assert.True(Compiling.Compile("using Fathom.Bpf; [BpfPart] public static class Q { }").Emit(library, cancellationToken: TestContext.Current.CancellationToken).Success);
        library.Position = 0;
        var compilation = Compiling.Compile("using Fathom.Bpf; [BpfObject, Includes(typeof(Q))] static unsafe partial class P { }")
            .WithAssemblyName("User").AddReferences(MetadataReference.CreateFromStream(library));
        Diagnostic found = Assert.Single(await Compiling.Analyze(compilation));
        Assert.Equal("FTH0019", found.Id);
        Assert.Contains("in the same project", found.GetMessage());
    }

    [Fact]
    public async Task All_problems_of_a_body_are_said_at_once()
    {
        var diagnostics = await Compiling.Analyze(Compiling.Compile(Program("try { } catch { } x = checked(x + 1); double d = 1;")));
        Assert.Equal(["FTH0008", "FTH0017", "FTH0007"], diagnostics.Select(d => d.Id));
    }

    [Fact]
    public async Task An_editor_hears_each_reason_once()
    {
        var compilation = Compiling.Compile(Program("x = (uint)(x * 1.5);"));
        Compiling.Driver(without: IncrementalGeneratorOutputKind.Implementation).RunGeneratorsAndUpdateCompilation(compilation, out Compilation edited, out var fromGenerator, TestContext.Current.CancellationToken);
        Assert.Empty(fromGenerator);
        Assert.Equal("FTH0007", Assert.Single(await Compiling.Analyze(edited)).Id);
    }

    private static string Program(string body) => $$"""
        using Fathom.Bpf;
        using Fathom.Bpf.KernelTypes;
        #pragma warning disable
        struct Padded { public byte A; public uint B; }
        [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)]
        struct Explicit { [System.Runtime.InteropServices.FieldOffset(0)] public int A; }
        static class Outside { public static uint Counter; }
        [BpfObject]
        static unsafe partial class P
        {
            [Map(MaxEntries = 4096)] static readonly RingBuffer Events;
            static uint Recurse(uint x) => x == 0 ? 0 : Recurse(x - 1);
            [Syscall]
            static int Run()
            {
                uint x = Helpers.GetSmpProcessorId();
                {{body}}
                return (int)x;
            }
        }
        """;
}
