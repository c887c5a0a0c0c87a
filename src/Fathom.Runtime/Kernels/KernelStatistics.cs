using System;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// While this lives, the kernel measures what every program costs (<c>BPF_ENABLE_STATS</c>, Linux 5.8), which
/// <see cref="BpfProgram.GetInfo"/> then tells. Measuring itself costs about 100 ns a run.
/// </summary>
public sealed class KernelStatistics : IDisposable
{
    private readonly KernelDescriptor _descriptor;

    private KernelStatistics(KernelDescriptor descriptor) => _descriptor = descriptor;

    /// <summary>Starts to measure.</summary>
    /// <exception cref="MissingCapabilityException">This takes CAP_SYS_ADMIN.</exception>
    /// <exception cref="FeatureNotSupportedException">The kernel is older.</exception>
    public static KernelStatistics Enable(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var attributes = default(EnableStatisticsAttributes);
        KernelDescriptor? descriptor = kernel.Calls.BpfOpen(BpfCommand.EnableStatistics, ref attributes, "statistics", out int error);
        return descriptor is not null ? new KernelStatistics(descriptor) : throw (Refusal.IsForbidden(error)
            ? Refusal.Explain(kernel, "measure programs", "", error, CapabilitySet.SysAdmin, "to measure programs")
            : new FeatureNotSupportedException("measure programs", "", error, "statistics of programs (Linux 5.8)"));
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
