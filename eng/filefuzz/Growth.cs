using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Btf;
using Fathom.Format.Elf.Images;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Format.Tests.Hostile;
using Fathom.Runtime;

namespace Fathom.FileFuzzing;

/// <summary>
/// Files made on purpose that can be of any size: what reading them costs must grow as their size does, and no faster.
/// </summary>
internal sealed record Growth(string Name, Func<int, byte[]> Make, Action<byte[]> Read)
{
    private const uint Struct = 4, Int = 1, NoBits = 8, ProgramBits = 1;
    private const int Function = 0x12;

    public static IReadOnlyList<Growth> All { get; } =
    [
        new("image: symbols", size => Symbols(size, 0), static file => _ = ElfImage.Parse(file).Functions),
        new("image: symbols, 1,000 segments", size => Symbols(size, 1_000), static file => _ = (ElfImage.Parse(file).Functions, ElfImage.Parse(file).FunctionRanges)),
        new("image: words, 1,000 segments", static size => Words(size), static file => _ = ElfImage.Parse(file).CodePointers),
        new("image: static probes", static size => Probes(size), static file => _ = ElfImage.Parse(file).UsdtProbes),
        new("places: one function that jumps", static size => Jumps(size), static file => FindAll(ElfImage.Parse(file))),
        new("places: jumps across a file on a disk", static size => Jumps(size), FindAllOnDisk),
        new("debug file: names of another file", static size => Symbols(size, 0), static file => _ = ElfImage.Parse(file).WithSymbolsOf(ElfImage.Parse(file)).Functions),
        new("debug file inside, packed", static size => Packed(size), OpenFromDisk),
        new("BPF object: sections", static size => Sections(size), static file => _ = ObjectFile.Parse(file)),
        new("BTF: structs that share names", static size => Structs(size), static file => _ = BtfData.Parse(file).Find(BtfKind.Struct, "none")),
    ];

    /// <summary>What one reading costs, at the best of some.</summary>
    /// <param name="size">Bytes of the file, about.</param>
    /// <param name="times">How often it is read.</param>
    /// <returns>Its bytes, those that were allocated, and the time.</returns>
    public (int Size, long Allocated, TimeSpan Time) Measure(int size, int times)
    {
        byte[] file = Make(size);
        long allocated = long.MaxValue;
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < times; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true), start = Stopwatch.GetTimestamp();
            try
            {
                Read(file);
            }
            catch (BadFormatException)
            {
                // To refuse it is as good as to read it.
            }

            TimeSpan time = Stopwatch.GetElapsedTime(start);
            best = time < best ? time : best;
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return (file.Length, allocated, best);
    }

    /// <summary>Prints a table of what sizes in megabytes cost.</summary>
    public static int Run(IReadOnlyList<int> sizes, TextWriter output)
    {
        bool isLinear = true;
        output.WriteLine("file\tMB\tallocated by byte\tns by byte");
        foreach (Growth one in All)
        {
            List<(double Bytes, double Time)> costs = [];
            foreach (int megabytes in sizes)
            {
                (int size, long allocated, TimeSpan time) = one.Measure(megabytes << 20, megabytes > 16 ? 2 : 3);
                costs.Add(((double)allocated / size, time.TotalNanoseconds / size));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{one.Name}\t{size / 1048576.0:f1}\t{costs[^1].Bytes:f2}\t{costs[^1].Time:f2}"));
            }

            // A byte of a large file costs no more than one of the smallest; caches and the collector of garbage make some difference.
            if (costs.Exists(cost => cost.Bytes > (2 * costs[0].Bytes) + 1 || cost.Time > (4 * costs[0].Time) + 5))
            {
                isLinear = false;
                output.WriteLine($"{one.Name}: grows faster than the file");
            }
        }

        return isLinear ? 0 : 1;
    }

    private static byte[] Symbols(int size, int segments)
    {
        var builder = new ImageBuilder();
        builder.Symbols(false, [.. Enumerable.Range(0, size / 36).Select(static i => (string.Create(CultureInfo.InvariantCulture, $"s{i:x8}"), Function, (ushort)1, ImageBuilder.CodeAddress + (ulong)(i % ImageBuilder.SegmentSize), 1UL))]);
        return WithSegments(builder.Build(), segments, true);
    }

    // Of a program that is loaded where it says, each word may be an address.
    private static byte[] Words(int size)
    {
        var builder = new ImageBuilder(type: 2);
        byte[] words = new byte[size & ~7];
        for (int i = 0; i < words.Length; i += 8)
        {
            BitConverter.TryWriteBytes(words.AsSpan(i), ImageBuilder.CodeAddress + (ulong)(i % 64));
        }

        builder.AddSection(".data", 1, words);
        return WithSegments(builder.Build(), 1_000, false);
    }

    private static byte[] Probes(int size)
    {
        var builder = new ImageBuilder();
        byte[] one = builder.Probe(ImageBuilder.CodeAddress, 0x10, 0, "p", "n", "8@%rdi -4@x(%rip)");
        byte[] notes = new byte[size / one.Length * one.Length];
        for (int at = 0; at < notes.Length; at += one.Length)
        {
            one.CopyTo(notes, at);
        }

        builder.AddSection(".note.stapsdt", 7, notes);
        return builder.Build();
    }

    // Functions of 1,024 jumps each: 64 KB ahead, and far away where the file is so large, and one through a register at the end of each.
    private static byte[] Jumps(int size)
    {
        const int Size = 8192;
        var code = new byte[size / Size * Size];
        for (int at = 0; at + 6 <= code.Length; at += 6)
        {
            int far = (at / 6 % 16) * (code.Length / 16);
            (code[at], code[at + 1]) = (0x0f, 0x85);
            BitConverter.TryWriteBytes(code.AsSpan(at + 2), ((at + (at % 4096) + far) % code.Length / 6 * 6) - (at + 6));
        }

        for (int at = Size - 2; at < code.Length; at += Size)
        {
            (code[at], code[at + 1]) = (0xff, 0xe0);
        }

        var builder = new ImageBuilder();
        builder.Symbols(false, [.. Enumerable.Range(0, code.Length / Size).Select(static i => (string.Create(CultureInfo.InvariantCulture, $"f{i}"), Function, (ushort)1, 0x1000_0000UL + (ulong)(i * Size), (ulong)Size))]);
        byte[] head = builder.Build(), file = [.. head, .. code];
        BitConverter.TryWriteBytes(file.AsSpan(64 + 8), (ulong)head.Length);
        BitConverter.TryWriteBytes(file.AsSpan(64 + 16), 0x1000_0000UL);
        BitConverter.TryWriteBytes(file.AsSpan(64 + 32), (ulong)code.Length);
        return file;
    }

    // As much inside as is unpacked: three times the file.
    private static byte[] Packed(int size)
    {
        string folder = Directory.CreateTempSubdirectory("fathom-growth-").FullName;
        try
        {
            string debug = Path.Combine(folder, "debug");
            File.WriteAllBytes(debug, Symbols(3 * size, 0));
            using (Process xz = Process.Start("xz", ["-0", debug]))
            {
                xz.WaitForExit();
            }

            var builder = new ImageBuilder();
            builder.AddSection(".gnu_debugdata", 1, File.ReadAllBytes(debug + ".xz"));
            byte[] file = builder.Build();
            Array.Resize(ref file, Math.Max(size, file.Length));
            return file;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] Sections(int size)
    {
        RawObject raw = new();
        for (int i = 0; i < Math.Min(size / 150, 60_000); i++)
        {
            raw.Add(string.Create(CultureInfo.InvariantCulture, $".data.{i}"), i % 2 == 0 ? NoBits : ProgramBits, 3, new byte[Math.Max(8, size / 60_000)], i % 2 == 0 ? 1 << 20 : null);
        }

        return raw.Build();
    }

    private static byte[] Structs(int size)
    {
        RawBtf btf = new();
        uint name = btf.String(RawObject.Long(size / 4));
        int number = btf.Add(btf.String("int"), Int, 0, 4, 32);
        for (int i = 0; i < size / 4 * 3 / 36; i++)
        {
            btf.Add(name + (uint)(i % (size / 4)), Struct, 2, 8, name, (uint)number, 0, name + 1, (uint)number, 32);
        }

        return btf.Build();
    }

    // More segments than any linker makes, of which none, or each, holds what is asked for.
    private static byte[] WithSegments(byte[] file, int count, bool isElsewhere)
    {
        if (count == 0)
        {
            return file;
        }

        byte[] whole = [.. file, .. new byte[56 * count]];
        for (int i = 0; i < count; i++)
        {
            Span<byte> segment = whole.AsSpan(file.Length + (56 * i), 56);
            bool isLast = i == count - 1;
            BitConverter.TryWriteBytes(segment, 1);
            BitConverter.TryWriteBytes(segment[4..], 5);
            BitConverter.TryWriteBytes(segment[8..], isLast ? (ulong)ImageBuilder.CodeOffset : (ulong)(isElsewhere ? 0 : file.Length / count * i));
            BitConverter.TryWriteBytes(segment[16..], isLast ? ImageBuilder.CodeAddress : 0x7000_0000UL + ((ulong)i << 24));
            BitConverter.TryWriteBytes(segment[32..], isLast ? ImageBuilder.SegmentSize : (ulong)(isElsewhere ? 4096 : file.Length / count));
        }

        BitConverter.TryWriteBytes(whole.AsSpan(32), (ulong)file.Length);
        BitConverter.TryWriteBytes(whole.AsSpan(56), (ushort)count);
        return whole;
    }

    private static void FindAll(ElfImage image)
    {
        var sites = new FunctionSites(image);
        foreach (ElfFunction function in image.Functions)
        {
            _ = sites.Find(function);
        }
    }

    private static void FindAllOnDisk(byte[] file) => FindAll(ElfImage.Open(new OnDisk(file)));

    private static void OpenFromDisk(byte[] file)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            using UserImage image = UserImage.Open(Kernel.Running, path);
            if (image.DebugPath.Length == 0 || !image.Image.Functions.Any())
            {
                throw new InvalidOperationException("What is inside was not read: " + image.DebugNote);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    // Read part by part, as from a disk.
    private sealed class OnDisk(byte[] file) : ImageSource
    {
        public override long Length => file.Length;

        protected override int Read(long offset, Span<byte> buffer)
        {
            int count = (int)Math.Min(buffer.Length, file.Length - offset);
            file.AsSpan((int)offset, count).CopyTo(buffer);
            return count;
        }
    }
}
