using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Fathom.Runtime;

/// <summary>
/// The libraries that the dynamic linker of glibc knows (<c>/etc/ld.so.cache</c>), in the new format, alone or behind the old one.
/// https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/generic/dl-cache.h;hb=refs/tags/glibc-2.40
/// A file that is no such cache has no libraries: another C library keeps none.
/// </summary>
internal static class LoaderCache
{
    private const int OldHeaderSize = 16;
    private const int OldEntrySize = 12;
    private const int HeaderSize = 48;
    private const int EntrySize = 24;

    // PATH_MAX
    private const int LongestPath = 4096;

    private static ReadOnlySpan<byte> OldMagic => "ld.so-1.7.0"u8;

    private static ReadOnlySpan<byte> Magic => "glibc-ld.so.cache1.1"u8;

    /// <summary>Library names and their paths, in the order of preference: this machine's own libraries first, plain variants first.</summary>
    public static List<(string Name, string Path)> Read(ReadOnlySpan<byte> cache)
    {
        List<(string Name, string Path)>[] ranks = [[], [], [], []];
        if (cache.StartsWith(OldMagic) && cache.Length >= OldHeaderSize)
        {
            ulong skipped = OldHeaderSize + ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(cache[12..]) * OldEntrySize);
            skipped = (skipped + 7) & ~7UL;
            cache = skipped <= (ulong)cache.Length ? cache[(int)skipped..] : default;
        }

        if (!cache.StartsWith(Magic) || cache.Length < HeaderSize)
        {
            return [];
        }

        // Each text is made once, and what all add up to is bounded: in a cache made on purpose they overlap.
        Dictionary<uint, string> texts = [];
        long budget = (4L * cache.Length) + LongestPath;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(cache[20..]);
        count = Math.Min(count, (uint)(cache.Length - HeaderSize) / EntrySize);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = cache.Slice(HeaderSize + (i * EntrySize), EntrySize);
            if (TryText(cache, BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), texts, ref budget, out string name)
                && TryText(cache, BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]), texts, ref budget, out string path)
                && path.StartsWith('/'))
            {
                bool isOurs = BinaryPrimitives.ReadInt32LittleEndian(entry) == OurFlags;
                bool isPlain = BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]) == 0;
                ranks[(isOurs ? 0 : 2) + (isPlain ? 0 : 1)].Add((name, path));
            }
        }

        return [.. ranks[0], .. ranks[1], .. ranks[2], .. ranks[3]];
    }

    // FLAG_ELF_LIBC6 with FLAG_X8664_LIB64 or FLAG_AARCH64_LIB64.
    private static int OurFlags => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x0a03 : 0x0303;

    private static bool TryText(ReadOnlySpan<byte> cache, uint offset, Dictionary<uint, string> texts, ref long budget, out string text)
    {
        if (texts.TryGetValue(offset, out text!))
        {
            return true;
        }

        text = "";
        if (offset >= (uint)cache.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = cache.Slice((int)offset, Math.Min(LongestPath, cache.Length - (int)offset));
        int end = rest.IndexOf((byte)0);
        budget -= Math.Max(end, 0);
        if (end <= 0 || budget < 0)
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest[..end]);
        texts.Add(offset, text);
        return true;
    }
}
