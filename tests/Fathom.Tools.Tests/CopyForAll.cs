using System;
using System.IO;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A copy of the program where every user may run it.</summary>
internal sealed class CopyForAll : IDisposable
{
    // Not one that the library makes for temporary files: those are their owner's alone.
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"fathom-test-{Guid.NewGuid():N}");

    public CopyForAll()
    {
        Assert.SkipUnless(Programs.IsNative, "Other users may not be able to read the checkout, which the program needs without a native build.");
        Program = Path.Combine(_folder, "fathom");
        Directory.CreateDirectory(_folder);
        File.Copy(Programs.Direct, Program);
    }

    public string Program { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
