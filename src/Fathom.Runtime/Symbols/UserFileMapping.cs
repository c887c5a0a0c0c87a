using System;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// A file in the memory of this process, as code that is not run: so the kernel can be asked in this process alone whether it puts a probe in a place.
/// Nothing of it is read, so that a file that is cut short meanwhile does no harm. Dispose it to take it out again.
/// </summary>
public sealed class UserFileMapping : IDisposable
{
    private readonly MappedMemory _memory;

    private UserFileMapping(MappedMemory memory, string identity)
    {
        _memory = memory;
        Identity = identity;
    }

    /// <summary>
    /// Device and inode as they stand in <c>/proc/PID/maps</c> of every process that has mapped the file; empty if this process's own <c>maps</c>
    /// cannot be read.
    /// </summary>
    public string Identity { get; }

    /// <summary>Maps a file.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="UserFileException">It is no regular file, or cannot be opened or mapped.</exception>
    public static UserFileMapping Open(Kernel kernel, string path)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        using KernelDescriptor file = UserImage.OpenRegular(kernel.Calls, new UserFile(path, path), out long size);
        MappedMemory memory = kernel.Calls.Map((nuint)Math.Max(size, 1), writable: false, shared: false, file, 0, path, out int error)
            ?? throw new UserFileException("map", path, error, "it cannot be mapped, so no probe can be put in it.");
        return new UserFileMapping(memory, FindIdentity(kernel.Calls, memory.Address));
    }

    /// <summary>Whether the text of a <c>/proc/PID/maps</c> has the file.</summary>
    /// <param name="maps">The text.</param>
    public bool IsIn(string maps)
    {
        ArgumentNullException.ThrowIfNull(maps);
        return Identity.Length > 0 && maps.Contains($" {Identity} ", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    // start-end rwxp offset device inode   path: https://docs.kernel.org/filesystems/proc.html
    private static string FindIdentity(KernelCalls calls, nint address)
    {
        string maps = calls.ReadText("/proc/self/maps", out _) ?? "";
        foreach (ReadOnlySpan<char> line in maps.AsSpan().EnumerateLines())
        {
            if (line.StartsWith($"{address:x}-") || line.StartsWith($"{address:x8}-"))
            {
                Span<Range> fields = stackalloc Range[6];
                int count = line.Split(fields, ' ', StringSplitOptions.RemoveEmptyEntries);
                return count >= 5 ? $"{line[fields[3]]} {line[fields[4]]}" : "";
            }
        }

        return "";
    }
}
