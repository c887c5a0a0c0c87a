using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Finds programs and libraries by the names that people use for them.</summary>
public sealed class UserFiles
{
    internal const string CachePath = "/etc/ld.so.cache";

    // Libraries of one name are there once for each kind of processor and for each place.
    private const int MostTries = 64;
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly Kernel _kernel;
    private readonly string _searchPath;

    /// <summary>Finds files of this machine.</summary>
    /// <param name="kernel">The kernel.</param>
    public UserFiles(Kernel kernel)
        : this(kernel, Environment.GetEnvironmentVariable("PATH"))
    {
    }

    internal UserFiles(Kernel kernel, string? searchPath)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        _kernel = kernel;
        _searchPath = string.IsNullOrEmpty(searchPath) ? DefaultPath : searchPath;
    }

    private static string[] LibraryFolders { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"]
        : ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"];

    private static string[] MuslNames { get; } = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? ["libc.musl-aarch64.so.1", "ld-musl-aarch64.so.1"]
        : ["libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1"];

    /// <summary>
    /// Finds a program or library: a path; or a library by its name (<c>c</c>, <c>libc</c>, <c>libc.so.6</c>), as the dynamic linker would;
    /// or else a program of the search path. Of a process, what it has mapped under that name comes first, and paths are those that it sees.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="process">A process by its number; 0 for none.</param>
    /// <exception cref="UserFileException">There is no such file or process, or the process may not be looked at.</exception>
    public UserFile Find(string name, int process = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string root = process == 0 ? "" : $"/proc/{process}/root";
        List<MappedFile> mapped = process == 0 ? [] : ReadMaps(process);
        if (name.Contains('/'))
        {
            string path = name.StartsWith('/') ? name : System.IO.Path.GetFullPath(name);
            return OfMaps(mapped, root, other => other == path) ?? Existing(root, mapped, path) ?? throw NotFound(name, root + Resolved(root, path), root.Length > 0);
        }

        UserFile? used = OfMaps(mapped, root, path => LibraryRank(FileName(path), name) == 0)
            ?? OfMaps(mapped, root, path => LibraryRank(FileName(path), name) > 0);
        if (used is not null)
        {
            return used.Value;
        }

        List<(string Name, string Path)> libraries = ReadCache(root);
        foreach ((_, string path) in libraries.Where(library => LibraryRank(library.Name, name) >= 0).OrderBy(library => LibraryRank(library.Name, name)).Take(MostTries))
        {
            if (Existing(root, mapped, path) is { } file)
            {
                return file;
            }
        }

        return FindInFolders(name, root, mapped) ?? FindProgram(name, root, mapped) ?? throw NotFound(name, mapped, libraries);
    }

    // 0 for the very name, then lib*.so, lib*.so.N, lib*-2.31.so, each also without "lib"; -1 for another file.
    private static int LibraryRank(ReadOnlySpan<char> file, ReadOnlySpan<char> name)
    {
        if (file.SequenceEqual(name))
        {
            return 0;
        }

        // musl's C library is its dynamic linker too, and has the machine in its name.
        if (name is "c" or "libc" && (file.StartsWith("libc.musl-") || file.StartsWith("ld-musl-")))
        {
            return 3;
        }

        int rank = file.StartsWith(name) ? SuffixRank(file[name.Length..], name.Contains(".so", StringComparison.Ordinal)) : -1;
        return rank < 0 && file.StartsWith("lib") && file[3..].StartsWith(name) ? SuffixRank(file[(3 + name.Length)..], false) : rank;
    }

    private static int SuffixRank(ReadOnlySpan<char> rest, bool hasSuffix)
    {
        if (hasSuffix)
        {
            return rest.StartsWith('.') ? 2 : -1;
        }

        return rest.SequenceEqual(".so") ? 1
            : rest.StartsWith(".so.") ? 2
            : rest.StartsWith('-') && rest.EndsWith(".so") && rest[1..^3].IndexOfAnyExceptInRange('.', '9') < 0 ? 3 : -1;
    }

    private static ReadOnlySpan<char> FileName(string path) => path.AsSpan(path.LastIndexOf('/') + 1);

    private UserFile? OfMaps(List<MappedFile> mapped, string root, Func<string, bool> isMeant)
    {
        foreach (MappedFile file in mapped)
        {
            if (isMeant(file.Path))
            {
                // What was put in its place since, by an update, is not what the process runs; the link always is.
                string path = Exists(file.MapFile) ? file.MapFile : file.IsOutside ? file.Path : root + file.Path;
                return path != file.MapFile && file.IsDeleted
                    ? throw new UserFileException("find", file.Path, 0, $"the process runs a version of it that has been deleted since: restart the process, or {Refusal.Remedy(_kernel, CapabilitySet.SysAdmin)}.")
                    : Exists(path) ? new UserFile(path, file.Path) : null;
            }
        }

        return null;
    }

    private string Resolved(string root, string path) => root.Length == 0 ? path : ProcessPaths.Resolve(_kernel.Calls, root, path);

    // The process has mapped it under the name behind all links, which may by now lead to a newer one than it runs.
    private UserFile? Existing(string root, List<MappedFile> mapped, string path)
    {
        string resolved = Resolved(root, path);
        return OfMaps(mapped, root, other => other == resolved)
            ?? (Exists(root + resolved) ? new UserFile(root + resolved, path) { IsUnmapped = root.Length > 0 } : null);
    }

    private bool Exists(string path)
    {
        using KernelDescriptor? file = _kernel.Calls.Open(path, out _, KernelCalls.OpenPathOnly);
        return file is not null;
    }

    private UserFile? FindInFolders(string name, string root, List<MappedFile> mapped)
    {
        IEnumerable<string> names = name.Contains(".so", StringComparison.Ordinal)
            ? [name]
            : [$"lib{name}.so", $"{name}.so", .. Enumerable.Range(0, 10).Select(version => $"lib{name}.so.{version}"), .. name is "c" or "libc" ? MuslNames : []];
        foreach (string folder in LibraryFolders)
        {
            foreach (string file in names)
            {
                if (Existing(root, mapped, $"{folder}/{file}") is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private UserFile? FindProgram(string name, string root, List<MappedFile> mapped)
    {
        foreach (string folder in _searchPath.Split(':'))
        {
            // An empty entry means the folder that happens to be the current one.
            if (folder.StartsWith('/') && Existing(root, mapped, $"{folder.TrimEnd('/')}/{name}") is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private List<MappedFile> ReadMaps(int process)
    {
        string path = $"/proc/{process}/maps";
        byte[]? maps = _kernel.Calls.ReadBytes(path, 64 << 10, out int length, out int error);
        return maps is not null
            ? ProcessFiles.Parse(process, maps.AsSpan(0, length), _kernel.Calls.ReadLink($"/proc/{process}/root") ?? "/")
            : throw new UserFileException("look at process", $"{process}", error, error is Errno.ENOENT or Errno.ESRCH
                ? "there is no such process, or it has ended."
                : $"its files may not be seen: {Refusal.Remedy(_kernel, CapabilitySet.SysPtrace)}.");
    }

    private List<(string Name, string Path)> ReadCache(string root)
    {
        // In a container it is the container's, and whoever fills it chooses what it is.
        const int LargestCache = 64 << 20;
        return LoaderCache.Read(_kernel.Calls.ReadRegular(root + Resolved(root, CachePath), LargestCache));
    }

    private UserFileException NotFound(string name, string path, bool isOfProcess)
    {
        using KernelDescriptor? file = _kernel.Calls.Open(path, out int error, KernelCalls.OpenPathOnly);
        return new UserFileException("find", name, error, error switch
        {
            Errno.ENOENT when isOfProcess => "the process sees no such file.",
            Errno.ENOENT => "there is no such file.",
            Errno.EACCES or Errno.EPERM => $"it may not be looked at: {Refusal.Remedy(_kernel, CapabilitySet.ReadSearch)}.",
            _ => "it cannot be opened.",
        });
    }

    private static UserFileException NotFound(string name, List<MappedFile> mapped, List<(string Name, string Path)> libraries)
    {
        IEnumerable<string> names = mapped.Select(file => FileName(file.Path).ToString())
            .Concat(libraries.Select(library => library.Name))
            .SelectMany(file => (string[])[file, ShortName(file)]);
        IReadOnlyList<string> near = Suggestions.Nearest(name, names, 3);
        string hint = near.Count == 0 ? "name it by its path." : $"did you mean {string.Join(" or ", near)}?";
        return new UserFileException("find", name, 0, $"there is no library and no program of this name; {hint}");
    }

    private static string ShortName(string file)
    {
        int end = file.IndexOf(".so", StringComparison.Ordinal);
        return end > 3 && file.StartsWith("lib", StringComparison.Ordinal) ? file[3..end] : file;
    }
}
