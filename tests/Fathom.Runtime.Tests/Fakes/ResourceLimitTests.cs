using System;
using System.IO;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>A limit of the process is told as that, and never as something about the machine.</summary>
public sealed class ResourceLimitTests
{
    private const string Sentence = ": EMFILE: this process has as many files open as it may, 7: raise the limit, such as with `ulimit -n 1024`.";
    private const string Types = "/sys/kernel/btf/vmlinux";

    private readonly FakeSystemCalls _calls = new();

    private Runtime.Kernel Kernel => new(_calls);

    [Theory]
    [InlineData((int)BpfCommand.MapCreate, "open map map")]
    [InlineData((int)BpfCommand.ProgramLoad, "open program probe")]
    [InlineData((int)BpfCommand.RawTracepointOpen, "open probe (link)")]
    public void What_bpf_opens(int number, string tried)
    {
        var command = (BpfCommand)number;
        _calls.Fail(command, Errno.EMFILE);
        if (command == BpfCommand.RawTracepointOpen)
        {
            _calls.Fail(BpfCommand.LinkCreate, Errno.EINVAL);
        }

        var e = Assert.Throws<ResourceLimitException>(() =>
        {
            using LoadedObject loaded = LoadedObject.Load(Kernel, FakeKernelTests.Sample("raw_tp/sys_enter"));
            loaded.Attach().Dispose();
        });

        Assert.Equal((tried + Sentence, "EMFILE", RefusalCause.ResourceLimit), (e.Message, e.ErrorName, e.Cause));
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Files_that_are_there()
    {
        _calls.FileErrors[Types] = Errno.EMFILE;
        Assert.Equal("open " + Types + Sentence, Assert.Throws<ResourceLimitException>(() => Kernel.Btf).Message);

        _calls.FileErrors[Types] = Errno.ENFILE;
        Assert.Equal(
            $"open {Types}: ENFILE: the whole machine has as many files open as it may: close some, or raise the limit (sysctl fs.file-max).",
            Assert.Throws<ResourceLimitException>(() => Kernel.Btf).Message);
    }

    [Fact]
    public void Facts_are_not_remembered_wrongly()
    {
        Runtime.Kernel kernel = Kernel;
        _calls.MostOpen = 0;
        Assert.Throws<ResourceLimitException>(() => kernel.Release);
        Assert.Throws<ResourceLimitException>(() => kernel.Lockdown);
        Assert.Throws<ResourceLimitException>(() => kernel.PossibleCpus);

        _calls.MostOpen = int.MaxValue;
        Assert.Equal(("6.1.0-56-cloud-amd64", "none", 4), (kernel.Release, kernel.Lockdown, kernel.PossibleCpus));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_probe_answers_the_same_as_without_the_limit_or_that_it_does_not_know(int most)
    {
        Runtime.Kernel free = Kernel, limited = Kernel;
        foreach (KernelFeature feature in KernelFeatures.All)
        {
            _calls.MostOpen = int.MaxValue;
            FeatureAnswer truth = free.Probe(feature);

            _calls.MostOpen = most;
            FeatureAnswer answer = limited.Probe(feature);
            if (answer != truth)
            {
                Assert.Equal((FeatureSupport.Unknown, RefusalCause.ResourceLimit), (answer.Support, answer.Cause));
                Assert.EndsWith(Sentence, answer.Evidence, StringComparison.Ordinal);
            }

            Assert.Empty(_calls.Open);
            _calls.MostOpen = int.MaxValue;
            Assert.Equal(truth, limited.Probe(feature));
        }
    }

    [Fact]
    public void An_object_is_loaded_or_the_limit_is_named_and_nothing_stays_open()
    {
        int refused = 0;
        for (_calls.MostOpen = 0; _calls.MostOpen < 6; _calls.MostOpen++)
        {
            try
            {
                using LoadedObject loaded = LoadedObject.Load(Kernel, FakeKernelTests.Sample("raw_tp/sys_enter"));
                loaded.Attach().Dispose();
            }
            catch (ResourceLimitException e)
            {
                Assert.EndsWith(Sentence, e.Message, StringComparison.Ordinal);
                refused++;
            }

            Assert.Empty(_calls.Open);
        }

        Assert.Equal(3, refused);
    }

    [Fact]
    public void A_verifier_without_memory_says_nothing_about_the_program()
    {
        _calls.Fail(BpfCommand.ProgramLoad, Errno.ENOMEM);
        var e = Assert.Throws<ResourceLimitException>(() => LoadedObject.Load(Kernel, FakeKernelTests.Sample("raw_tp/sys_enter")));
        Assert.Equal(
            "load program probe: ENOMEM: there is no memory for it: free some, or raise the limit of this process (`ulimit -v`) or of its cgroup (memory.max).",
            e.Message);
    }

    [Fact]
    public void Errors_of_files_of_dotnet_are_told_apart()
    {
        Assert.True(ResourceLimitException.IsLimit(new IOException("Too many open files", Errno.EMFILE)));
        Assert.True(ResourceLimitException.IsLimit(new TypeInitializationException("X", new IOException("Too many open files", Errno.ENFILE))));
        Assert.False(ResourceLimitException.IsLimit(new FileNotFoundException("x")));
        Assert.False(ResourceLimitException.IsLimit(new IOException("No space left on device", Errno.ENOSPC)));
        Assert.StartsWith("open a file: EMFILE: this process has as many files open as it may", ResourceLimitException.Sentence(new IOException("x", Errno.EMFILE)), StringComparison.Ordinal);
    }
}
