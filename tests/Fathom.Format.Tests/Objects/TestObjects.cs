using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>Objects that others made: files of a corpus, and those embedded in Debian's libbpf-tools.</summary>
internal static class TestObjects
{
    /// <summary>The folder of test data that others made.</summary>
    public static string Corpora { get; } = Environment.GetEnvironmentVariable("FATHOM_CORPORA") is { Length: > 0 } folder
        ? folder
        : Path.Combine(FindRoot(), "..", "shared", "corpora");

    /// <summary>A folder of the corpora; the test is skipped where it is absent.</summary>
    public static string Folder(params string[] parts)
    {
        string folder = Path.Combine([Corpora, .. parts]);
        if (!Directory.Exists(folder))
        {
            Assert.Skip($"There is no folder {folder}: set FATHOM_CORPORA to the folder of test data.");
        }

        return folder;
    }

    /// <summary>The objects of cilium/ebpf, by file name.</summary>
    public static List<(string Name, byte[] Bytes)> Cilium() =>
        [.. Directory.EnumerateFiles(Folder("cilium-ebpf-testdata"), "*.elf", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(static file => (Path.GetFileName(file), File.ReadAllBytes(file)))];

    /// <summary>The objects that the programs of libbpf-tools embed, by program.</summary>
    public static List<(string Name, byte[] Bytes)> LibbpfTools()
    {
        List<(string, byte[])> objects = [];
        foreach (string file in Directory.EnumerateFiles("/usr/sbin").Order(StringComparer.Ordinal))
        {
            if (new FileInfo(file) is { Length: > 100_000 and < 4_000_000, LinkTarget: null } && FindEmbedded(File.ReadAllBytes(file)) is { } embedded)
            {
                objects.Add((Path.GetFileName(file), embedded));
            }
        }

        if (objects.Count == 0)
        {
            Assert.Skip("No program in /usr/sbin embeds a BPF object: install the package libbpf-tools.");
        }

        return objects;
    }

    private static byte[]? FindEmbedded(byte[] program)
    {
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        for (int at = 1; at < program.Length;)
        {
            int found = program.AsSpan(at).IndexOf(magic);
            if (found < 0)
            {
                return null;
            }

            ReadOnlySpan<byte> candidate = program.AsSpan(at + found);
            if (candidate.Length >= 64 && BinaryPrimitives.ReadUInt16LittleEndian(candidate[18..]) == 247)
            {
                long end = BinaryPrimitives.ReadInt64LittleEndian(candidate[40..]) + (BinaryPrimitives.ReadUInt16LittleEndian(candidate[60..]) * 64L);
                return end > 64 && end <= candidate.Length ? candidate[..(int)end].ToArray() : null;
            }

            at += found + magic.Length;
        }

        return null;
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Fathom.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? AppContext.BaseDirectory;
    }
}
