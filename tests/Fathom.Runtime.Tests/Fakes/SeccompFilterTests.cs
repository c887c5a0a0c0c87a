using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>
/// Return probes and processes with seccomp filters: tried on a child, only where there is such a process, and once for the kernel.
/// On other architectures than x86-64 nothing is asked, and nothing is refused.
/// </summary>
public sealed class SeccompFilterTests
{
    private const string File = "/lib/a.so";
    private const int Process = 17890000;
    private const string Filtered = "a process with a seccomp filter";
    private const string Hidden = "what this process cannot see, whose seccomp filters are not known";

    // Processes and threads are listed by the real kernel, and what is in their files by the fake one.
    private static readonly int s_self = Environment.ProcessId;

    private readonly FakeSystemCalls _calls = new() { MapsFiles = true, HoldsFiles = true };
    private Runtime.Kernel _kernel;

    public SeccompFilterTests()
    {
        _calls.Files["/sys/bus/event_source/devices/uprobe/type"] = "9\n"u8.ToArray();
        _calls.Files[File] = Image();
        _kernel = new Runtime.Kernel(_calls);
    }

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    [Theory]
    [InlineData("uretprobe")]
    [InlineData("uretprobe.multi")]
    [InlineData("uprobe.session")]
    public void Where_the_trial_is_stopped_the_probe_is_refused(string section)
    {
        SetFilter($"/proc/{Process}");
        _calls.ChildExit = FilteredReturnImage.Stopped;
        Expect($"{Filtered} ({Process})", Process, section);
        Expect($"{Filtered} ({Process})", Process, section);
        Assert.Equal(IsX64 ? 1 : 0, _calls.Children);
    }

    [Fact]
    public void The_refusal_says_what_happens_and_what_to_do()
    {
        Assert.SkipUnless(IsX64, "Return probes use no system call here.");
        SetFilter($"/proc/{Process}");
        _calls.ChildExit = FilteredReturnImage.Stopped;
        string there = $"attach probe to /lib/a.so:plain: there is a process with a seccomp filter ({Process}): ";
        const string Call = "a return probe returns through a system call that the filter can refuse", Advice =
            "; place a probe at the beginning instead, or use a kernel with the repair (Linux 6.12.14, 6.13.3 or 6.14).";
        Assert.Equal($"{there}on this kernel {Call}, which ends the process{Advice}", Refusal(Process)!.Message);
        _kernel = new Runtime.Kernel(_calls);
        _calls.ChildExit = FilteredReturnImage.NoFilter;
        Assert.Equal(
            $"{there}on some kernels {Call}, and whether this is one could not be tried (a child may set no filter){Advice}", Refusal(Process)!.Message);
    }

    [Fact]
    public void Where_the_trial_passes_the_probe_is_placed()
    {
        SetFilter($"/proc/{Process}");
        _calls.ChildExit = FilteredReturnImage.Passed;
        Expect("", Process);
        SetFilter($"/proc/{s_self}");
        Expect("", 0);
        Assert.Equal(IsX64 ? 1 : 0, _calls.Children);
    }

    [Theory]
    [InlineData(FilteredReturnImage.NotProbed, "is not met")]
    [InlineData(FilteredReturnImage.NoFilter, "may set no filter")]
    [InlineData(0, "ends with 0")]
    [InlineData(139, "ends with 139")]
    public void Another_end_of_the_trial_is_no_answer_and_tried_again(int exit, string reason)
    {
        SetFilter($"/proc/{Process}");
        _calls.ChildExit = exit;
        Expect($"{Filtered} ({Process})", Process, reason: reason);
        _calls.ChildExit = FilteredReturnImage.Passed;
        Expect("", Process);
        Assert.Equal(IsX64 ? 2 : 0, _calls.Children);
    }

    [Fact]
    public void What_stands_in_the_way_of_the_trial_is_said()
    {
        SetFilter($"/proc/{Process}");
        _calls.ChildExit = FilteredReturnImage.Passed;
        _calls.MemoryError = Errno.EACCES;
        Expect($"{Filtered} ({Process})", Process, reason: "(memfd_create) gives EACCES");
        _calls.MemoryError = 0;
        _calls.ChildError = Errno.EPERM;
        Expect($"{Filtered} ({Process})", Process, reason: "start process: EPERM");
        _calls.ChildError = 0;
        _calls.PerfError = Errno.EACCES;
        _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        Expect($"{Filtered} ({Process})", Process, reason: "a return probe on a child with a filter gives EACCES");

        // A link where perf has no uprobes for this process.
        _calls.Fail(BpfCommand.LinkCreate, 0);
        Expect("", Process, "uretprobe.multi");
    }

    [Fact]
    public void Kernels_without_programs_in_memory_that_say_so_have_them_all_the_same()
    {
        SetFilter($"/proc/{Process}");
        _calls.MemoryError = Errno.EINVAL;
        Expect($"{Filtered} ({Process})", Process, reason: "gives EINVAL");
        Assert.Equal(IsX64 ? [0x11u, 1u] : [], _calls.MemoryFlags);
    }

    [Fact]
    public void Nothing_is_tried_where_it_does_not_matter()
    {
        _calls.ChildExit = FilteredReturnImage.Stopped;
        Expect("", Process);
        _calls.Files[$"/proc/{Process}/status"] = "Name:\tx\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n"u8.ToArray();
        Expect("", Process);
        Expect("", 0);
        _calls.Files[$"/proc/{Process}/status"] = "Name:\tx\n"u8.ToArray();
        Expect("", Process);
        SetFilter($"/proc/{Process}");
        Expect("", Process, "uprobe");
        Expect("", Process, "uprobe.multi");
        byte[] image = Image();
        image[18] = (byte)ElfMachine.Arm64;
        _calls.Files[File] = image;
        Expect("", Process);
        Assert.Equal(0, _calls.Children);
    }

    [Fact]
    public void The_strict_mode_is_a_filter_and_what_may_not_be_read_may_be_one()
    {
        _calls.ChildExit = FilteredReturnImage.Stopped;
        SetFilter($"/proc/{Process}", 1);
        Expect($"{Filtered} ({Process})", Process);
        _calls.FileErrors[$"/proc/{Process}/status"] = Errno.EACCES;
        Expect($"{Filtered} ({Process})", Process);
        _calls.FileErrors[$"/proc/{Process}/status"] = Errno.ESRCH;
        Expect("", Process);
    }

    [Fact]
    public void Each_thread_is_looked_at()
    {
        _calls.ChildExit = FilteredReturnImage.Stopped;
        _calls.Files[$"/proc/{s_self}/status"] = "Name:\tx\nSeccomp:\t0\n"u8.ToArray();
        Expect("", s_self);
        string main = s_self.ToString(CultureInfo.InvariantCulture);
        foreach (string thread in Directory.GetDirectories($"/proc/{s_self}/task").Where(path => Path.GetFileName(path) != main))
        {
            SetFilter(thread);
        }

        Expect($"{Filtered} ({s_self})", s_self);
    }

    [Fact]
    public void Of_all_processes_those_count_that_have_mapped_the_file()
    {
        void Maps(string text) => _calls.Files[$"/proc/{s_self}/maps"] = Encoding.ASCII.GetBytes(text);
        _calls.ChildExit = FilteredReturnImage.Stopped;
        SetFilter($"/proc/{s_self}");
        Expect("", 0);
        Maps("7f0000000000-7f0000001000 r-xp 00001000 08:01 1790 /lib/b.so\n");
        Expect("", 0);
        Maps("7f0000000000-7f0000001000 r-xp 00001000 08:01 1789 /lib/other-name.so\n");
        Expect($"{Filtered} ({s_self})", 0);

        // As in a container, whose overlay file system has numbers of its own.
        Maps("7f0000000000-7f0000001000 r-xp 00001000 00:2f 4 /usr/lib/a.so\n");
        Expect($"{Filtered} ({s_self})", 0);
        _calls.FileErrors[$"/proc/{s_self}/maps"] = Errno.EACCES;
        Expect($"{Filtered} ({s_self})", 0);
        Assert.Equal(0, _calls.MappedFiles);
    }

    [Fact]
    public void What_proc_does_not_show_may_have_a_filter()
    {
        _calls.ChildExit = FilteredReturnImage.Stopped;
        _calls.Links["/proc/self/ns/pid"] = "pid:[4026532789]";
        Expect(Hidden, 0);
        Expect("", Process);
        _calls.Links["/proc/self/ns/pid"] = "pid:[4026531836]";
        Expect("", 0);
        _calls.FileErrors["/proc/1/status"] = Errno.ENOENT;
        Expect(Hidden, 0);
        _calls.ChildExit = FilteredReturnImage.Passed;
        _kernel = new Runtime.Kernel(_calls);
        Expect("", 0);
    }

    private static byte[] Image() =>
        new ImageBuilder().Symbols(true, [("plain", 0x12, 1, ImageBuilder.CodeAddress, 2)]).Code(0, 0x55, 0xc3).Build();

    private void SetFilter(string folder, int mode = 2) =>
        _calls.Files[folder + "/status"] = Encoding.ASCII.GetBytes($"Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t{mode}\nSeccomp_filters:\t1\n");

    private ProbeRefusedException? Refusal(int process, string section = "uretprobe")
    {
        try
        {
            BpfObject sample = Samples.Object([Samples.Returning("probe", section, 0)], [Samples.Map(MapType.Hash, 4, 8, 100)]);
            using LoadedObject loaded = LoadedObject.Load(_kernel, sample);
            BpfProgram program = loaded.GetProgram("probe");
            var place = new UserProbe(ImageBuilder.CodeOffset);
            using BpfLink link = section.Contains('.', StringComparison.Ordinal)
                ? program.AttachUprobes(File, [place], process)
                : program.AttachUprobe(File, place, process);
            return null;
        }
        catch (ProbeRefusedException e)
        {
            return e;
        }
    }

    private void Expect(string what, int process, string section = "uretprobe", string reason = "")
    {
        ProbeRefusedException? refused = Refusal(process, section);
        Assert.Equal(IsX64 ? what : "", refused?.Refusal.What ?? "");
        Assert.Contains(IsX64 ? reason : "", refused?.Message ?? "", StringComparison.Ordinal);
        Assert.Empty(_calls.Open);
    }
}
