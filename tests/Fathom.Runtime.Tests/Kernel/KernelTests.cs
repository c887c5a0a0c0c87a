using System;
using Fathom.Format.Btf;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

public sealed class KernelTests
{
    [Fact]
    public void The_running_kernel_tells_of_itself()
    {
        Runtime.Kernel kernel = Runtime.Kernel.Running;

        Assert.True(kernel.Version >= new Version(5, 10));
        Assert.True(kernel.PossibleCpus >= Environment.ProcessorCount);
        Assert.True(kernel.Lockdown is "none" or "integrity" or "confidentiality" or "unknown");
    }

    [Fact]
    public void The_types_of_the_running_kernel_are_read()
    {
        Assert.SkipUnless(System.IO.File.Exists("/sys/kernel/btf/vmlinux"), "This kernel has no BTF.");

        Assert.NotEqual(0, Runtime.Kernel.Running.Btf.Find(BtfKind.Struct, "task_struct"));
    }

    [Fact]
    public void Every_feature_has_an_answer_with_evidence()
    {
        Runtime.Kernel kernel = Require.Root();
        foreach (KernelFeature feature in KernelFeatures.All)
        {
            FeatureAnswer answer = kernel.Probe(feature);
            Assert.True(answer.Support == FeatureSupport.Yes || answer.Cause != RefusalCause.None, $"{feature}: {answer}");

            // Root is kept from these by a policy, a missing mount or the kernel's build; the others are always there.
            bool mayLack = feature.Options.Count > 0 || feature == KernelFeatures.FunctionEntry;
            Assert.True(answer.Support == FeatureSupport.Yes || mayLack || kernel.Version < Version.Parse(feature.Since), $"{feature}: {answer}");
            Assert.NotEmpty(answer.Evidence);
        }
    }

    [Fact]
    public void What_is_tried_leaves_nothing_behind()
    {
        Runtime.Kernel kernel = Require.Root();
        int before = DescriptorLedger.Open.Count;
        foreach (KernelFeature feature in KernelFeatures.All)
        {
            kernel.Probe(feature);
        }

        // Programs, maps and links live as long as somebody has them open; nothing is pinned.
        Assert.Equal(before, DescriptorLedger.Open.Count);
    }

    [Theory]
    [InlineData("bpf_ktime_get_ns", 5, ProgramType.RawTracepoint, FeatureSupport.Yes)]
    [InlineData("bpf_map_lookup_elem", 1, ProgramType.RawTracepoint, FeatureSupport.Yes)]
    [InlineData("bpf_redirect_map", 51, ProgramType.RawTracepoint, FeatureSupport.No)]
    [InlineData("bpf_no_such_helper", 9999, ProgramType.RawTracepoint, FeatureSupport.No)]
    public void Helpers_are_probed(string name, int number, ProgramType type, FeatureSupport support) =>
        Assert.Equal(support, Require.Root().Probe(KernelFeatures.Helper(name, number, "?", type)).Support);
}
