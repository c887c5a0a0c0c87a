using System;
using System.Linq;
using System.Text;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>Places that get no probe, whatever way they are attached to: a kernel that takes everything is never asked.</summary>
public sealed class ProbeGuardTests
{
    private const string Path = "/lib/a.so";
    private const int Function = 0x12;

    private readonly FakeSystemCalls _calls = new();

    public ProbeGuardTests()
    {
        _calls.Files["/sys/bus/event_source/devices/uprobe/type"] = "9\n"u8.ToArray();
        _calls.Files[Path] = Image().Build();
    }

    public static TheoryData<string, string> Places => new()
    {
        // Offsets from the beginning of the code: see Image.
        { "0", "" },
        { "1", "" },
        { "10", "an AVX-512 instruction (EVEX)" },
        { "20", "" },
        { "24", "an AVX instruction (VEX)" },
        { "30", "" },
        { "31", "the middle of an instruction" },
        { "33", "the middle of an instruction" },
        { "35", "" },
        { "40", "a no-operation of 5 bytes" },
        { "45", "" },
        { "46", "a no-operation of 5 bytes" },
        { "64", "a no-operation of 5 bytes" },
        { "70", "an instruction that enters the kernel" },
        { "78", "a no-operation of 5 bytes" },
        { "7ff", "an instruction whose end is not in the file" },
        { "800", "no code" },
        { "-1", "no code" },
        { "1000", "no code" },
        { "fffffff0", "no code" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void A_place_is_refused_however_it_is_attached_to(string offset, string what)
    {
        var probe = new UserProbe(ImageBuilder.CodeOffset + (ulong)(offset[0] == '-' ? -1 : Convert.ToInt64(offset, 16)));
        foreach (string section in (string[])["uprobe", "usdt", "usdt.multi"])
        {
            Check(section, program => program.AttachUprobe(Path, probe), what);
        }

        Check("uprobe", program => program.AttachUprobe(Path, probe, 1), what);
        foreach (string section in (string[])["uprobe.multi", "usdt.multi"])
        {
            Check(section, program => program.AttachUprobes(Path, [probe]), what);
            Check(section, program => program.AttachUprobes(Path, [new(ImageBuilder.CodeOffset), probe], 1), what);
        }

        // As of tracefs, which takes whatever it is told.
        _calls.Files.Remove("/sys/bus/event_source/devices/uprobe/type");
        _calls.Files["/sys/kernel/tracing/events/header_page"] = [];
        _calls.Files["/sys/kernel/tracing/uprobe_events"] = [];
        Check("uprobe", program => program.AttachUprobe(Path, probe), what);
    }

    [Fact]
    public void Without_an_exception_the_reason_is_given()
    {
        using LoadedObject loaded = LoadedObject.Load(new Runtime.Kernel(_calls), Sample("uprobe.multi"));
        Assert.Null(loaded.GetProgram("probe").TryAttachUprobes(Path, [new(ImageBuilder.CodeOffset + 0x10, 7)], 0, out BpfException? reason));
        var refused = Assert.IsType<ProbeRefusedException>(reason);
        Assert.Equal(("evex", new UserProbe(ImageBuilder.CodeOffset + 0x10, 7), RefusalCause.Other), (refused.Function, refused.Probe, refused.Cause));
        Assert.Equal("attach probe to /lib/a.so:evex: there is an AVX-512 instruction (EVEX): the kernel runs it wrongly under a probe.", refused.Message);
    }

    [Fact]
    public void A_static_probe_is_refused_too()
    {
        ImageBuilder builder = Image();
        builder.AddSection(".note.stapsdt", 7, builder.Probe(ImageBuilder.CodeAddress + 0x46, 0, 0, "my", "probe", ""));
        _calls.Files[Path] = builder.Build();
        using LoadedObject loaded = LoadedObject.Load(new Runtime.Kernel(_calls), Sample("usdt"));
        ProbeRefusedException refused = Assert.Throws<ProbeRefusedException>(() => loaded.AttachUsdt("probe", new UserFile(Path, Path), "my", "probe"));
        Assert.Equal(("nops+0x6", "a no-operation of 5 bytes"), (refused.Function, refused.Refusal.What));
    }

    [Theory]
    [InlineData("uretprobe")]
    [InlineData("uretprobe.multi")]
    [InlineData("uprobe.session")]
    public void A_return_probe_is_at_the_beginning_of_a_function_that_nothing_walks_through(string section)
    {
        void Return(ulong offset, string what, int process = 0, bool isNeverUnwound = false)
        {
            var probe = new UserProbe(ImageBuilder.CodeOffset + offset) { IsNeverUnwound = isNeverUnwound };
            Check(section, program => section == "uretprobe" ? program.AttachUprobe(Path, probe, process) : program.AttachUprobes(Path, [probe], process), what);
        }

        Return(0, "");
        Return(0x20, "");
        Return(0x24, "an AVX instruction (VEX)");
        Return(1, "no beginning of a known function");
        Return(0x100, "no beginning of a known function");
        foreach (string name in (string[])[".gopclntab", ".data.rel.ro.gopclntab", ".note.go.buildid"])
        {
            With(builder => builder.AddSection(name, 1, [1]));
            Return(0, "a function of Go");
            Return(0, "a function of Go", 1, isNeverUnwound: true);
        }

        With(static builder => builder.AddSection("__managedcode", 1, [1]));
        Return(0, "a function of a runtime that walks the stack (.NET, GraalVM or OCaml)");
        foreach (string name in (string[])["__gxx_personality_v0", "_Unwind_Resume", "rust_eh_personality"])
        {
            _calls.Files[Path] = Image((name, Function, 0, 0, 0)).Build();
            Return(0, "a function of a file with exceptions (C++, Rust)");
            Return(0, "", isNeverUnwound: true);
        }

        // What a library has for itself is not linked.
        With(static builder => builder.Symbols(false, ("__gcc_personality_v0", Function, 1, ImageBuilder.CodeAddress, 1)));
        Return(0, "");
        _calls.Files[Path] = Image(("_Unwind_Backtrace", Function, 0, 0, 0)).Build();
        Return(0, "");
    }

    [Fact]
    public void Calls_and_return_probes_leave_shadow_stacks_alone()
    {
        const int Process = 1789;
        void Expect(string what, int process)
        {
            Check("uprobe", program => program.AttachUprobe(Path, new(ImageBuilder.CodeOffset + 0x50), process), what);
            Check("uretprobe", program => program.AttachUprobe(Path, new(ImageBuilder.CodeOffset), process), what);
            Check("uprobe", program => program.AttachUprobe(Path, new(ImageBuilder.CodeOffset), process), "");
        }

        Expect("", Process);
        _calls.Files[$"/proc/{Process}/status"] = Encoding.ASCII.GetBytes("Name:\tx\nx86_Thread_features:\t\nx86_Thread_features_locked:\tshstk wrss\n");
        Expect("", Process);
        _calls.Files[$"/proc/{Process}/status"] = Encoding.ASCII.GetBytes("Name:\tx\nx86_Thread_features:\tshstk wrss \nx86_Thread_features_locked:\n");
        Expect("a process with a shadow stack", Process);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_none()
    {
        Assert.Contains("no such file", Refuse<AttachException>(program => program.AttachUprobe("/lib/b.so", new(0x1000))).Message, StringComparison.Ordinal);
        _calls.Files["/lib/b.so"] = "#!/bin/sh\n"u8.ToArray();
        Assert.Contains("it is a script", Refuse<AttachException>(program => program.AttachUprobe("/lib/b.so", new(0x1000))).Message, StringComparison.Ordinal);
        Assert.Empty(_calls.Open);
    }

    // What was looked at is attached to, not what its name leads to by then.
    [Fact]
    public unsafe void Another_file_in_its_place_is_not_attached_to()
    {
        string attached = "";
        _calls.HoldsFiles = true;
        _calls.OnPerf = attributes =>
        {
            attached = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)attributes.Name)!;
            return 0;
        };
        Check("uprobe", static program => program.AttachUprobe(Path, new(ImageBuilder.CodeOffset)), "");
        Assert.Matches("^/proc/self/fd/[0-9]+$", attached);
    }

    // push; ret | a function that begins with EVEX | endbr64; VEX | mov eax, imm32; ret | nops and one of 5 bytes | a nop of 5 bytes | syscall
    private static ImageBuilder Image(params (string Name, int Info, ushort Section, ulong Address, ulong Size)[] others) => new ImageBuilder()
        .Symbols(
            true,
            [
            ("plain", Function, 1, ImageBuilder.CodeAddress, 2),
            ("evex", Function, 1, ImageBuilder.CodeAddress + 0x10, 7),
            ("vex", Function, 1, ImageBuilder.CodeAddress + 0x20, 8),
            ("moves", Function, 1, ImageBuilder.CodeAddress + 0x30, 6),
            ("nops", Function, 1, ImageBuilder.CodeAddress + 0x40, 0xc),
            ("calls", Function, 1, ImageBuilder.CodeAddress + 0x50, 6),
            ("nop", Function, 1, ImageBuilder.CodeAddress + 0x60, 10),
            ("enters", Function, 1, ImageBuilder.CodeAddress + 0x70, 3),
            .. others,
            ])
        .Code(0, 0x55, 0xc3)
        .Code(0x10, 0x62, 0xf2, 0x7d, 0x48, 0x7c, 0xc6, 0xc3)
        .Code(0x20, 0xf3, 0x0f, 0x1e, 0xfa, 0xc5, 0xf8, 0x77, 0xc3)
        .Code(0x30, 0xb8, 0x55, 0x55, 0x55, 0x55, 0xc3)
        .Code(0x40, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3)
        .Code(0x50, 0xe8, 0xab, 0xff, 0xff, 0xff, 0xc3)
        .Code(0x60, 0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3)
        .Code(0x70, 0x0f, 0x05, 0xc3)
        .Code(0x78, 0x0f, 0x1f, 0x44, 0x00, 0x00)
        .Code(0x100, 0x55, 0xc3)
        .Code(0x7ff, 0xe8);

    private void With(Action<ImageBuilder> change)
    {
        ImageBuilder builder = Image();
        change(builder);
        _calls.Files[Path] = builder.Build();
    }

    private void Check(string section, Func<BpfProgram, BpfLink> attach, string what)
    {
        if (what.Length > 0)
        {
            Assert.Equal(what, Refuse<ProbeRefusedException>(attach, section).Refusal.What);
        }
        else
        {
            using LoadedObject loaded = LoadedObject.Load(new Runtime.Kernel(_calls), Sample(section));
            attach(loaded.GetProgram("probe")).Dispose();
        }

        Assert.Empty(_calls.Open);
    }

    private T Refuse<T>(Func<BpfProgram, BpfLink> attach, string section = "uprobe")
        where T : BpfException
    {
        using LoadedObject loaded = LoadedObject.Load(new Runtime.Kernel(_calls), Sample(section));
        int asked = Asked();
        T refused = Assert.Throws<T>(() => attach(loaded.GetProgram("probe")));
        Assert.Equal(asked, Asked());
        return refused;
    }

    private int Asked() => _calls.Commands.Count(static command => command == BpfCommand.LinkCreate) + _calls.PerfEvents + _calls.Written.Count;

    private static BpfObject Sample(string section) =>
        Samples.Object([Samples.Returning("probe", section, 0)], [Samples.Map(MapType.Hash, 4, 8, 100)]);
}
