using Fathom.Bpf;

namespace Fathom.Tools.Hosting;

/// <summary>A program that does nothing: what the kernel's statistics say of it is what they take themselves.</summary>
[BpfObject]
internal static unsafe partial class EmptyProbe
{
    [RawTracepoint]
    private static void Empty()
    {
    }
}
