using System;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using Fathom.Format.Tests.Objects;
using Xunit;

namespace Fathom.Format.Tests.Btf;

/// <summary>The types of two kernels: the running one, and one of the corpora.</summary>
internal static class KernelBtf
{
    public const string Running = "running";
    public const string Corpus = "corpus";

    /// <summary>A file with the types of a kernel; the test is skipped where there is none.</summary>
    public static string PathOf(string kernel)
    {
        if (kernel == Running)
        {
            const string File = "/sys/kernel/btf/vmlinux";
            Assert.SkipUnless(System.IO.File.Exists(File), $"This kernel has no {File}.");
            return File;
        }

        string packed = Path.Combine(TestObjects.Folder("cilium-ebpf-testdata", "btf", "testdata"), "vmlinux.btf.gz");
        string file = Path.Combine(Path.GetTempPath(), $"fathom-test-{Environment.ProcessId}.btf");
        if (!File.Exists(file))
        {
            using FileStream source = File.OpenRead(packed);
            using var unpacked = new GZipStream(source, CompressionMode.Decompress);
            using FileStream target = File.Create(file);
            unpacked.CopyTo(target);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(file);
        }

        return file;
    }

    public static byte[] Read(string kernel)
    {
        // The file in sysfs gives a page at a time and says its size.
        using FileStream file = File.OpenRead(PathOf(kernel));
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>What bpftool prints, both streams together; the test is skipped where it is not installed.</summary>
    public static string Bpftool(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/bpftool"), "bpftool is not installed.");
        var start = new ProcessStartInfo("/usr/sbin/bpftool", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }
}
