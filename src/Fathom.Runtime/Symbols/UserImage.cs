using System;
using System.Text;
using Fathom.Format;
using Fathom.Format.Elf.Images;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A program or library that is open for reading: mapped, so that only what is asked for is read. Where it is stripped and its separate
/// debug file is installed (<c>/usr/lib/debug/.build-id</c>), the names come from there too. Whoever opens it disposes it, and uses
/// nothing of <see cref="Image"/> afterwards. The file must not be cut short meanwhile: that ends the process (SIGBUS), as for every
/// program that maps files; installing a new version does no harm.
/// </summary>
public sealed class UserImage : IDisposable
{
    private const int OpenNonBlocking = 0x800;
    private const int HeaderSize = 64;

    private readonly IDisposable? _memory;
    private readonly IDisposable? _debugMemory;

    private UserImage(UserFile file, ElfImage image, IDisposable? memory)
    {
        File = file;
        Image = image;
        _memory = memory;
    }

    private UserImage(UserFile file, ElfImage image, IDisposable? memory, string debugPath, IDisposable? debugMemory)
        : this(file, image, memory)
    {
        DebugPath = debugPath;
        _debugMemory = debugMemory;
    }

    /// <summary>The file.</summary>
    public UserFile File { get; }

    /// <summary>What it holds. Reading it may still throw <see cref="BadFormatException"/>.</summary>
    public ElfImage Image { get; }

    /// <summary>The separate debug file that names come from; empty if there is none.</summary>
    public string DebugPath { get; } = "";

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
        ReadOnlyMemory<byte> bytes = Map(kernel.Calls, file, out IDisposable? memory);
        try
        {
            ElfImage image = ElfImage.Parse(bytes);
            string debugPath = image.Symbols == ElfSymbolKinds.All ? "" : DebugPathOf(image);
            ElfImage? debug = TryOpenDebug(kernel.Calls, debugPath, image, out IDisposable? debugMemory, out string note);
            return debug is null
                ? new UserImage(file, image, memory) { DebugNote = note }
                : new UserImage(file, image.WithSymbolsOf(debug), memory, debugPath, debugMemory);
        }
        catch (BadFormatException e)
        {
            memory?.Dispose();
            throw new UserFileException("read", file.ShownPath, 0, $"it is no program or library that can be traced ({e.Problem}).");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory?.Dispose();
        _debugMemory?.Dispose();
    }

    private static ReadOnlyMemory<byte> Map(KernelCalls calls, UserFile file, out IDisposable? memory)
    {
        memory = null;
        using KernelDescriptor descriptor = calls.Open(file.Path, out int error, OpenNonBlocking)
            ?? throw new UserFileException("read", file.ShownPath, error, error switch
            {
                Errno.ENOENT => "there is no such file.",
                Errno.EACCES or Errno.EPERM => "it may not be read: run this as root.",
                _ => "it cannot be opened.",
            });

        Span<byte> header = stackalloc byte[HeaderSize];
        int count = calls.Read(descriptor, header);
        if (count < 0)
        {
            throw new UserFileException("read", file.ShownPath, -count, -count == Errno.EISDIR ? "it is a directory." : "it cannot be read.");
        }

        if (count == 0 || header is not [0x7f, (byte)'E', (byte)'L', (byte)'F', ..])
        {
            throw new UserFileException("read", file.ShownPath, 0, count == 0 ? "it is empty." : NoElf(header[..count]));
        }

        long size = calls.SizeOf(descriptor);
        if (size is < HeaderSize / 2 or > int.MaxValue)
        {
            throw new UserFileException("read", file.ShownPath, size < 0 ? (int)-size : 0, size > int.MaxValue
                ? "it is larger than 2 GB, which is not read."
                : "its size is unknown.");
        }

        MappedMemory? mapped = calls.Map((nuint)size, writable: false, shared: false, descriptor, 0, file.ShownPath, out error);
        if (mapped is not null)
        {
            memory = mapped;
            return new MappedMemoryManager(mapped).Memory;
        }

        // Some file systems have no mmap.
        byte[]? bytes = calls.ReadBytes(file.Path, (int)size + 1, out int length, out error);
        return bytes is not null ? bytes.AsMemory(0, length) : throw new UserFileException("read", file.ShownPath, error, "it cannot be read.");
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

    // https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html
    private static string DebugPathOf(ElfImage image)
    {
        ReadOnlySpan<byte> id = image.BuildId.Span;
        return id.Length is < 2 or > 64 ? "" : $"/usr/lib/debug/.build-id/{Convert.ToHexStringLower(id[..1])}/{Convert.ToHexStringLower(id[1..])}.debug";
    }

    // Names are worth less than the trace: without a debug file, or with a damaged one, there are fewer of them.
    private static ElfImage? TryOpenDebug(KernelCalls calls, string path, ElfImage image, out IDisposable? memory, out string note)
    {
        memory = null;
        note = "";
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            ElfImage debug = ElfImage.Parse(Map(calls, new UserFile(path, path), out memory));
            if (debug.Symbols == ElfSymbolKinds.All && debug.Machine == image.Machine && debug.BuildId.Span.SequenceEqual(image.BuildId.Span))
            {
                return debug;
            }

            note = $"the debug file {path} is not used: it belongs to another build, or has no symbols.";
        }
        catch (UserFileException e)
        {
            note = e.ErrorNumber == Errno.ENOENT ? "" : $"the debug file {path} is not used: {e.Advice}";
        }
        catch (BadFormatException e)
        {
            note = $"the debug file {path} is not used: it is damaged ({e.Problem}).";
        }

        memory?.Dispose();
        memory = null;
        return null;
    }
}
