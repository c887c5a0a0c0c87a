using System;
using System.Collections.Generic;
using System.Text;

namespace Fathom.Runtime;

/// <summary>A file that a process has mapped.</summary>
/// <param name="Path">Its path as the process sees it.</param>
/// <param name="MapFile">Its link in <c>/proc/PID/map_files</c>, which leads to it even if it is deleted or in another file system.</param>
/// <param name="IsDeleted">Whether the path no longer leads to it, as after an update.</param>
internal readonly record struct MappedFile(string Path, string MapFile, bool IsDeleted)
{
    /// <summary>Whether it lies outside of the root of the process, which then cannot see it: the path is that which we see.</summary>
    public bool IsOutside { get; init; }
}

/// <summary>The files of <c>/proc/PID/maps</c>: https://docs.kernel.org/filesystems/proc.html (3.2 and <c>map_files</c>).</summary>
internal static class ProcessFiles
{
    private const string Deleted = " (deleted)";

    /// <summary>The files that are mapped as executable, each once, in the order of addresses.</summary>
    /// <param name="process">The number of the process.</param>
    /// <param name="maps">The text of its <c>maps</c>.</param>
    /// <param name="root">
    /// Where <c>/proc/PID/root</c> leads. Paths are written as who reads them sees them, so that those of a process in a chroot begin with it.
    /// </param>
    public static List<MappedFile> Parse(int process, ReadOnlySpan<byte> maps, string root = "/")
    {
        List<MappedFile> files = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Range range in maps.Split((byte)'\n'))
        {
            // start-end rwxp offset device inode   path
            ReadOnlySpan<byte> line = maps[range];
            int space = line.IndexOf((byte)' ');
            int path = line.IndexOf((byte)'/');
            if (space < 0 || path < 0 || line.Length < space + 5 || line[space + 3] != 'x')
            {
                continue;
            }

            string text = Unescape(line[path..]);
            bool isDeleted = text.EndsWith(Deleted, StringComparison.Ordinal);
            text = isDeleted ? text[..^Deleted.Length] : text;
            bool isInside = root == "/" || (text.StartsWith(root, StringComparison.Ordinal) && text.Length > root.Length && text[root.Length] == '/');
            text = isInside && root != "/" ? text[root.Length..] : text;
            if (seen.Add(text))
            {
                files.Add(new MappedFile(text, $"/proc/{process}/map_files/{Encoding.ASCII.GetString(line[..space])}", isDeleted) { IsOutside = !isInside });
            }
        }

        return files;
    }

    // The kernel writes a line feed in a path as \012, and nothing else so.
    private static string Unescape(ReadOnlySpan<byte> path)
    {
        string text = Encoding.UTF8.GetString(path);
        return text.Contains('\\') ? text.Replace("\\012", "\n", StringComparison.Ordinal) : text;
    }
}
