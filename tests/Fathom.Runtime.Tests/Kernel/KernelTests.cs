using System;
using Fathom.Format.Btf;
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
            bool isSure = feature != KernelFeatures.PerfTracepoints;
            Assert.True(answer.Support == FeatureSupport.Yes || !isSure || kernel.Version < Version.Parse(feature.Since), $"{feature}: {answer}");
            Assert.NotEmpty(answer.Evidence);
        }
    }

    [Theory]
    [InlineData("bpf_ktime_get_ns", 5, ProgramType.RawTracepoint, FeatureSupport.Yes)]
    [InlineData("bpf_map_lookup_elem", 1, ProgramType.RawTracepoint, FeatureSupport.Yes)]
    [InlineData("bpf_redirect_map", 51, ProgramType.RawTracepoint, FeatureSupport.No)]
    [InlineData("bpf_no_such_helper", 9999, ProgramType.RawTracepoint, FeatureSupport.No)]
    public void Helpers_are_probed(string name, int number, ProgramType type, FeatureSupport support) =>
        Assert.Equal(support, Require.Root().Probe(KernelFeatures.Helper(name, number, "?", type)).Support);
}
