using System;
using System.Collections.Generic;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// Finds the names that a stripped file has been separated from: by the number of its build, by its <c>.gnu_debuglink</c>, or in its own
/// <c>.gnu_debugdata</c>. What is not surely that of the file is not used: the numbers of the builds are equal, or, of a file without one, the checksum of
/// the whole debug file is that of the link. Names are worth less than the trace: without a debug file, or with a damaged one, there are fewer of them.
/// </summary>
/// <remarks>
/// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html, https://sourceware.org/gdb/current/onlinedocs/gdb.html/MiniDebugInfo.html
/// </remarks>
internal sealed class DebugFileSearch(KernelCalls calls, UserFile file, long fileSize, ElfImage image)
{
    private const string Folder = "/usr/lib/debug";

    // To compare its checksum, all of it is read.
    private const long LargestWithoutBuildId = 256 << 20;

    // Names of functions take less room than their code does, so that what is inside is seldom as large as the file. A kilobyte can unpack to gigabytes.
    private const long LargestUnpacked = 64 << 20;
    private int LargestInside => (int)Math.Min((3 * fileSize) + (64 << 10), LargestUnpacked);

    /// <summary>The file that names come from; empty if there is none.</summary>
    public string Path { get; private set; } = "";

    /// <summary>Why one that is there is not used, in one sentence; otherwise empty.</summary>
    public string Note { get; private set; } = "";

    /// <summary>The open file, which whoever uses the result disposes of; null if there is none.</summary>
    public IDisposable? Source { get; private set; }

    /// <summary>Finds it; null if there is none that can be used.</summary>
    public ElfImage? Find()
    {
        foreach ((string path, uint? checksum) in Candidates())
        {
            if (TryOpen(path, checksum) is { } debug)
            {
                Path = path;
                Note = "";
                return debug;
            }
        }

        return FindInside();
    }

    private IEnumerable<(string Path, uint? Checksum)> Candidates()
    {
        byte[] id = image.BuildId.ToArray();
        if (id.Length is >= 2 and <= 64)
        {
            yield return ($"{Folder}/.build-id/{Convert.ToHexStringLower(id.AsSpan(0, 1))}/{Convert.ToHexStringLower(id.AsSpan(1))}.debug", null);
        }

        (string Name, uint Checksum)? link = null;
        try
        {
            link = image.DebugLink;
        }
        catch (BadFormatException)
        {
            // A damaged one leads nowhere.
        }

        int end = file.ShownPath.LastIndexOf('/');
        if (link is not var (name, checksum) || end < 0)
        {
            yield break;
        }

        // As who runs the file sees it, where that is another root than ours.
        string root = file.Path.EndsWith(file.ShownPath, StringComparison.Ordinal) ? file.Path[..^file.ShownPath.Length] : "";
        string folder = root + file.ShownPath[..end];
        uint? needed = id.Length >= 2 ? null : checksum;
        foreach (string path in (string[])[$"{folder}/{name}", $"{folder}/.debug/{name}", $"{root}{Folder}{file.ShownPath[..end]}/{name}"])
        {
            if (path != file.Path)
            {
                yield return (path, needed);
            }
        }
    }

    private ElfImage? TryOpen(string path, uint? checksum)
    {
        UserFileSource? source = null;
        try
        {
            source = UserImage.OpenSource(calls, new UserFile(path, path));
            ElfImage debug = ElfImage.Open(source);
            bool isSame = checksum is { } wanted
                ? source.Length <= LargestWithoutBuildId && source.Checksum() == wanted
                : debug.BuildId.Span.SequenceEqual(image.BuildId.Span);
            if (isSame && debug.Symbols == ElfSymbolKinds.All && debug.Machine == image.Machine)
            {
                Source = source;
                return debug;
            }

            Note = $"the debug file {path} is not used: it belongs to another build, or has no symbols.";
        }
        catch (UserFileException e) when (e.ErrorNumber == Errno.ENOENT)
        {
            // There is none.
        }
        catch (UserFileException e)
        {
            Note = $"the debug file {path} is not used: {e.Advice}";
        }
        catch (BadFormatException e)
        {
            Note = $"the debug file {path} is not used: it is damaged ({e.Problem}).";
        }

        source?.Dispose();
        return null;
    }

    private ElfImage? FindInside()
    {
        try
        {
            ReadOnlyMemory<byte> packed = image.DebugData;
            if (packed.IsEmpty)
            {
                return null;
            }

            if (XzProgram.TryUnpack(packed.Span, LargestInside, out string problem) is not { } bytes)
            {
                Note = $"the names that {file.ShownPath} carries with it (.gnu_debugdata) are not used: {problem}";
                return null;
            }

            ElfImage debug = ElfImage.Parse(bytes);
            if (debug.Symbols == ElfSymbolKinds.All && debug.Machine == image.Machine)
            {
                Path = file.ShownPath;
                Note = "";
                return debug;
            }
        }
        catch (BadFormatException e)
        {
            Note = $"the names that {file.ShownPath} carries with it (.gnu_debugdata) are not used: they are damaged ({e.Problem}).";
        }

        return null;
    }
}
