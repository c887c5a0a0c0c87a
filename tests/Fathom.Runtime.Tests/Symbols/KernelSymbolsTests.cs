using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Tests.Fakes;
using Xunit;

namespace Fathom.Runtime.Tests.Symbols;

/// <summary>The kernel's symbols and which of them can be probed, with every kind of evidence and with none.</summary>
public sealed class KernelSymbolsTests
{
    private const string Symbols =
        """
        ffffffff81000000 T _stext
        ffffffff81000010 T __entry_text_start
        ffffffff81000040 T entry_SYSCALL_64
        ffffffff81001000 T __entry_text_end
        ffffffff81002000 T vfs_read
        ffffffff81002100 t helper
        ffffffff81002200 t helper
        ffffffff81002300 t split.isra.0
        ffffffff81002400 t split.cold
        ffffffff81002500 t lto.llvm.1234567
        ffffffff81002600 W weak_one
        ffffffff81002700 T first_alias
        ffffffff81002700 T second_alias
        ffffffff81002800 t __pfx_vfs_read
        ffffffff81003000 T _etext
        ffffffff82000000 D some_data
        ffffffff83000000 T _sinittext
        ffffffff83000100 t start_up
        ffffffff83001000 T _einittext
        ffffffffc0001000 t helper	[ext4]
        ffffffffc0001100 t ext4_read	[ext4]
        ffffffffc0002000 t bpf_prog_6deef7357e7b4530	[bpf]
        ffffffffc0003000 t ftrace_trampoline	[__builtin__ftrace]

        """;

    private readonly FakeSystemCalls _calls = new();

    public KernelSymbolsTests() => Set(KernelSymbols.Path, Symbols);

    private Runtime.Kernel Kernel => new(_calls);

    [Fact]
    public void All_functions_of_a_name_are_found()
    {
        KernelSymbols symbols = new(Kernel);
        Assert.False(symbols.AreHidden);
        Assert.Equal("", symbols.HiddenAdvice);
        Assert.Equal(22, symbols.Count);
        Assert.Equal(22, symbols.Functions.Count());
        Assert.Equal(
            [
                new KernelFunction("helper", 0xffffffff81002100, ""),
                new KernelFunction("helper", 0xffffffff81002200, ""),
                new KernelFunction("helper", 0xffffffffc0001000, "ext4"),
            ],
            symbols.FindAll("helper"));
        Assert.Empty(symbols.FindAll("help"));
        Assert.Empty(symbols.FindAll("some_data"));
        Assert.Equal(["split.isra.0", "split.cold"], symbols.Matching(NamePattern.Parse("split*")).Select(static f => f.Name));
        Assert.Equal(["lto.llvm.1234567"], symbols.Matching(NamePattern.Parse("lto", isRegex: true)).Select(static f => f.Name));
        Assert.Equal(["vfs_read"], symbols.Matching(NamePattern.Parse("vfs_read")).Select(static f => f.Name));
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void It_is_read_when_it_is_needed_and_once()
    {
        KernelSymbols symbols = new(Kernel);
        _calls.FileErrors[KernelSymbols.Path] = Errno.EACCES;
        Assert.Equal("read kernel symbols /proc/kallsyms: EACCES: it cannot be read: run this as root, or give the program CAP_DAC_READ_SEARCH.", Assert.Throws<BpfException>(() => symbols.Count).Message);
        _calls.FileErrors.Clear();
        Assert.Equal(22, symbols.Count);
        _calls.Files.Clear();
        Assert.Equal(22, symbols.Count);
    }

    [Theory]
    [InlineData("1", "the kernel hides the addresses of its functions: run this as root, or give the program CAP_SYSLOG.")]
    [InlineData("2", "the kernel hides the addresses of its functions from everybody (kernel.kptr_restrict is 2): set it to 1, as root.")]
    public void Hidden_addresses_are_said(string restriction, string advice)
    {
        Set(KernelSymbols.Path, "0000000000000000 T vfs_read\n0000000000000000 t helper\n");
        Set("/proc/sys/kernel/kptr_restrict", restriction + "\n");
        KernelSymbols symbols = new(Kernel);
        Assert.True(symbols.AreHidden);
        Assert.Equal(advice, symbols.HiddenAdvice);
        Assert.Equal(0u, Assert.Single(symbols.FindAll("vfs_read")).Address);
    }

    [Fact]
    public void A_kernel_without_symbols_is_told_from_a_machine_without_procfs()
    {
        _calls.Files.Remove(KernelSymbols.Path);
        Assert.Contains("mount -t proc", Assert.Throws<BpfException>(() => new KernelSymbols(Kernel).Count).Message, StringComparison.Ordinal);
        Set("/proc/self/status", "Name:\tx\n");
        Assert.Contains("CONFIG_KALLSYMS=y", Assert.Throws<BpfException>(() => new KernelSymbols(Kernel).Count).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_lines_are_left_out()
    {
        Set(KernelSymbols.Path, "\n\nx\nffff\nffff T\nffff T \nffffT a\n12 T a b\t[m\nffffffff81002000 T last");
        Assert.Equal([new KernelFunction("a b", 0x12, "m"), new KernelFunction("last", 0xffffffff81002000, "")], new KernelSymbols(Kernel).Functions);
        Random random = new(20);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Symbols);
            for (int changes = 0; changes < 40; changes++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            _calls.Files[KernelSymbols.Path] = bytes;
            KernelSymbols symbols = new(Kernel);
            _ = symbols.Functions.Count() + symbols.Matching(NamePattern.Parse("*")).Count;
        }
    }

    [Fact]
    public void Addresses_of_patch_sites_say_which_can_be_traced()
    {
        Set(
            "/sys/kernel/tracing/available_filter_functions_addrs",
            """
            ffffffff81002004 vfs_read
            ffffffff81002204 helper
            ffffffff81002704 first_alias
            ffffffff8100280f __ftrace_invalid_address___15
            ffffffff81002fff gap
            ffffffffc0001100 ext4_read [ext4]
            not an address

            """);
        TraceableFunctions traceable = Traceable();
        Assert.Equal((TraceableEvidence.Addresses, "", false), (traceable.Evidence, traceable.Note, traceable.BlacklistWasRead));
        Assert.Equal(
            [0xffffffff81002000, 0xffffffff81002200, 0xffffffff81002700, 0xffffffff81002700, 0xffffffffc0001100],
            traceable.Functions.Select(static f => f.Address));
        Assert.Equal(["first_alias", "second_alias"], traceable.Matching(NamePattern.Parse("*alias")).Select(static f => f.Name));
        Assert.Empty(traceable.Matching(NamePattern.Parse("split*")));
    }

    [Fact]
    public void Names_say_which_can_be_traced_before_linux_6_5()
    {
        Set("/sys/kernel/debug/tracing/events/header_page", "");
        Set("/sys/kernel/debug/tracing/available_filter_functions", "vfs_read\nhelper [ext4]\n__ftrace_invalid_address___15\nnot_there\n");
        TraceableFunctions traceable = Traceable();
        Assert.Equal(TraceableEvidence.Names, traceable.Evidence);
        Assert.Equal([new KernelFunction("vfs_read", 0xffffffff81002000, ""), new KernelFunction("helper", 0xffffffffc0001000, "ext4")], traceable.Functions);
    }

    [Theory]
    [InlineData(Errno.EPERM, "the kernel's list of functions that can be traced (available_filter_functions) cannot be read (EPERM): they are guessed from the kernel's symbols, so that some of them may turn out not to be traceable.")]
    [InlineData(Errno.ENOENT, "tracefs, which lists the functions that can be traced, is not mounted (mount -t tracefs tracefs /sys/kernel/tracing): they are guessed from the kernel's symbols, so that some of them may turn out not to be traceable.")]
    public void Without_a_list_they_are_guessed_and_that_is_said(int error, string note)
    {
        if (error != Errno.ENOENT)
        {
            foreach (string name in (string[])["available_filter_functions_addrs", "available_filter_functions"])
            {
                Set("/sys/kernel/tracing/" + name, "");
                _calls.ReadErrors["/sys/kernel/tracing/" + name] = error;
            }
        }

        TraceableFunctions traceable = Traceable();
        Assert.Equal((TraceableEvidence.Symbols, note), (traceable.Evidence, traceable.Note));
        Assert.Equal(
            ["vfs_read", "helper", "helper", "split.isra.0", "lto.llvm.1234567", "weak_one", "first_alias", "second_alias", "helper", "ext4_read"],
            traceable.Functions.Select(static f => f.Name));
    }

    [Fact]
    public void What_kprobes_may_not_touch_is_left_out()
    {
        Set(TraceableFunctions.BlacklistPath, "0xffffffff81002200-0xffffffff81002300\thelper\n0x0000000000000000-0x0000000000000000\text4_read [ext4]\nnonsense\n0x-0x\t\n0xffffffff81002700-0xffffffff81002700\tfirst_alias\n");
        TraceableFunctions traceable = Traceable();
        Assert.True(traceable.BlacklistWasRead);
        Assert.Equal([0xffffffff81002100, 0xffffffffc0001000], traceable.Matching(NamePattern.Parse("helper")).Select(static f => f.Address));
        Assert.Empty(traceable.Matching(NamePattern.Parse("*alias")));
        Assert.Empty(traceable.Matching(NamePattern.Parse("ext4_read")));
    }

    [Fact]
    public void Hidden_addresses_leave_the_names()
    {
        Set(KernelSymbols.Path, "0000000000000000 T vfs_read\n0000000000000000 t helper\n0000000000000000 t x.cold\n");
        Set("/sys/kernel/tracing/available_filter_functions_addrs", "ffffffff81002004 vfs_read\n");
        Set("/sys/kernel/tracing/available_filter_functions", "vfs_read\n");
        Set(TraceableFunctions.BlacklistPath, "0x0000000000000000-0x0000000000000000\thelper\n");
        Assert.Equal(TraceableEvidence.Names, Traceable().Evidence);
        Assert.Equal(["vfs_read"], Traceable().Functions.Select(static f => f.Name));
        _calls.Files.Remove("/sys/kernel/tracing/available_filter_functions");
        _calls.Files.Remove("/sys/kernel/tracing/available_filter_functions_addrs");
        Assert.Equal(["vfs_read"], Traceable().Functions.Select(static f => f.Name));
    }

    [Fact]
    public void The_running_kernel_has_functions()
    {
        KernelSymbols symbols = new(Runtime.Kernel.Running);
        try
        {
            Assert.SkipWhen(symbols.Count == 0, "this kernel shows no functions");
        }
        catch (BpfException e)
        {
            Assert.Skip(e.Message);
        }

        Assert.InRange(symbols.Count, 1_000, 10_000_000);
        IReadOnlyList<KernelFunction> found = symbols.FindAll("vfs_read");
        Assert.Equal(symbols.AreHidden, Assert.Single(found).Address == 0);
        TraceableFunctions traceable = new(Runtime.Kernel.Running, symbols);
        IReadOnlyList<KernelFunction> matching = traceable.Matching(NamePattern.Parse("vfs_*"));
        Assert.Contains(found[0], matching);
        Assert.All(matching, static function => Assert.StartsWith("vfs_", function.Name, StringComparison.Ordinal));
        Assert.Equal(traceable.Evidence == TraceableEvidence.Symbols, traceable.Note.Length > 0);
    }

    private TraceableFunctions Traceable() => new(Kernel, new KernelSymbols(Kernel));

    private void Set(string path, string text) => _calls.Files[path] = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"));
}
