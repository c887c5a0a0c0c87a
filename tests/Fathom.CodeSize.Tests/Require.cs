using System.IO;
using Xunit;
using SystemPrograms = Fathom.Tools.Tests.Programs;

namespace Fathom.CodeSize.Tests;

/// <summary>What tests of attached programs need.</summary>
internal static class Require
{
    /// <summary>Skips the test without root, or where tracefs is not mounted, by which perf tracepoints have their numbers.</summary>
    public static void Tracepoints()
    {
        SystemPrograms.NeedRoot();
        Assert.SkipUnless(
            File.Exists("/sys/kernel/tracing/events/header_page"), "Perf tracepoints need tracefs, which is not mounted at /sys/kernel/tracing.");
    }
}
