using System;
using System.Text;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A program or library that is open for reading: only what is asked for is read. Where it is stripped and its separate debug file is installed
/// (<c>/usr/lib/debug/.build-id</c>), the names come from there too. Whoever opens it disposes it, and uses nothing of <see cref="Image"/>
/// afterwards. Only regular files are opened. One that is cut short or written to meanwhile gives a <see cref="BadFormatException"/> or what it
/// held at that moment; installing a new version does no harm.
/// </summary>
public sealed class UserImage : IDisposable
{
    private const int HeaderSize = 64;

    private readonly UserFileSource _source;
    private IDisposable? _debugSource;

    private UserImage(UserFile file, ElfImage image, UserFileSource source)
    {
        File = file;
        Image = image;
        _source = source;
    }

    /// <summary>The file.</summary>
    public UserFile File { get; }

    /// <summary>What it holds. Reading it may still throw <see cref="BadFormatException"/>.</summary>
    public ElfImage Image { get; }

    /// <summary>The separate debug file that names come from; empty if there is none.</summary>
    public string DebugPath { get; private init; } = "";

    /// <summary>Why a separate debug file that is installed is not used, in one sentence; otherwise empty.</summary>
    public string DebugNote { get; private init; } = "";

    /// <summary>Opens a program or library.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="path">The path.</param>
    /// <exception cref="UserFileException">It cannot be read, or is none: one sentence says why.</exception>
    public static UserImage Open(Kernel kernel, string path) => Open(kernel, new UserFile(path, path));

    /// <summary>Opens a program or library.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="UserFileException">It cannot be read, or is none: one sentence says why.</exception>
    public static UserImage Open(Kernel kernel, UserFile file)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentException.ThrowIfNullOrEmpty(file.Path);
        UserFileSource source = OpenSource(kernel.Calls, file);
        try
        {
            ElfImage image = ElfImage.Open(source);
            if (image.Symbols == ElfSymbolKinds.All)
            {
                return new UserImage(file, image, source);
            }

            var search = new DebugFileSearch(kernel.Calls, file, source.Length, image);
            return search.Find() is { } debug
                ? new UserImage(file, image.WithSymbolsOf(debug), source) { DebugPath = search.Path, _debugSource = search.Source }
                : new UserImage(file, image, source) { DebugNote = search.Note };
        }
        catch (BadFormatException e)
        {
            source.Dispose();
            throw new UserFileException("read", file.ShownPath, 0, $"it is no program or library that can be traced ({e.Problem}).");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _source.Dispose();
        _debugSource?.Dispose();
    }

    /// <summary>Opens a program, a library or a debug file for reading.</summary>
    /// <exception cref="UserFileException">It is none, or cannot be read: one sentence says why.</exception>
    internal static UserFileSource OpenSource(KernelCalls calls, UserFile file)
    {
        var source = new UserFileSource(calls, OpenRegular(calls, file, out long size), size);
        try
        {
            Check(calls, source, file);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file of somebody else's, if it is a regular one.</summary>
    /// <exception cref="UserFileException">It cannot be opened, or is not one: one sentence says why.</exception>
    internal static KernelDescriptor OpenRegular(KernelCalls calls, UserFile file, out long size)
    {
        KernelDescriptor? descriptor = calls.OpenRegular(file.Path, out FileStatus status, out int error);
        size = (long)Math.Min(status.Size, long.MaxValue);
        return descriptor ?? throw new UserFileException("read", file.ShownPath, status.IsDirectory ? Errno.EISDIR : error, error switch
        {
            0 => $"it is {status.Kind}.",
            Errno.ENOENT => "there is no such file.",
            Errno.EACCES or Errno.EPERM => $"it may not be read: {Refusal.Remedy(new Kernel(calls.Raw), CapabilitySet.ReadSearch)}.",
            Errno.ELOOP => "its symbolic links lead in a circle.",
            _ => "it cannot be opened.",
        });
    }

    private static void Check(KernelCalls calls, UserFileSource source, UserFile file)
    {
        Span<byte> header = stackalloc byte[HeaderSize];

        // What claims to be empty may be a file of the kernel's that never ends.
        int count = source.Length == 0 ? 0 : calls.ReadAt(source.Descriptor, header, 0);
        if (count < 0)
        {
            throw new UserFileException("read", file.ShownPath, -count, "it cannot be read.");
        }

        if (count == 0 || header is not [0x7f, (byte)'E', (byte)'L', (byte)'F', ..])
        {
            throw new UserFileException("read", file.ShownPath, 0, count == 0 ? "it is empty." : NoElf(header[..count]));
        }
    }

    private static string NoElf(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith("#!"u8))
        {
            return "it is no program or library (no ELF file).";
        }

        int end = start.IndexOfAny((byte)'\n', (byte)'\r');
        string interpreter = Encoding.UTF8.GetString(start[2..(end < 0 ? start.Length : end)]).Trim();
        return $"it is a script: trace what runs it ({interpreter}).";
    }
}
