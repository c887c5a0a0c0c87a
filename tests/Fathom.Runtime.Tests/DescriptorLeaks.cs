using System;
using Fathom.Runtime.Interop;
using Xunit;

[assembly: AssemblyFixture(typeof(Fathom.Runtime.Tests.DescriptorLeaks))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Fathom.Runtime.Tests;

/// <summary>Fails the whole run if a descriptor or a mapping is still open at its end, and prints where it was made.</summary>
public sealed class DescriptorLeaks : IDisposable
{
    /// <summary>Starts to record.</summary>
    public DescriptorLeaks() => DescriptorLedger.Enable();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (DescriptorLedger.Open.Count > 0)
        {
            throw new InvalidOperationException("Left open:" + Environment.NewLine + string.Join(Environment.NewLine, DescriptorLedger.Open));
        }
    }
}
