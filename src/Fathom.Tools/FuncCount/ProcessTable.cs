using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Runtime;

namespace Fathom.Tools.FuncCount;

/// <summary>What procfs says of processes. They come and go meanwhile: what is not there any more is empty, never an error.</summary>
internal static class ProcessTable
{
    private const int LongestName = 15;

    /// <summary>All processes.</summary>
    public static IReadOnlyList<int> All() => NumbersIn("/proc");

    /// <summary>The threads of a process.</summary>
    public static IReadOnlyList<int> ThreadsOf(int process) => NumbersIn(Path(process, "task"));

    /// <summary>Whether a thread of a process has a command name.</summary>
    public static bool HasThreadNamed(int process, string name)
    {
        string wanted = name.Length > LongestName ? name[..LongestName] : name;
        return ThreadsOf(process).Any(thread => Read(Path(process, $"task/{thread.ToString(CultureInfo.InvariantCulture)}/comm")) is { } comm && comm.TrimEnd('\n') == wanted);
    }

    /// <summary>The processes in a cgroup and those below it.</summary>
    /// <param name="directory">The directory of the cgroup.</param>
    public static IReadOnlySet<int> OfCgroup(string directory)
    {
        var found = new HashSet<int>();
        var waiting = new Stack<string>([directory]);
        while (waiting.TryPop(out string? cgroup))
        {
            // A threaded cgroup has no list of processes, but one of threads.
            if (Read(cgroup + "/cgroup.procs") is { } processes)
            {
                found.UnionWith(Numbers(processes));
            }
            else if (Read(cgroup + "/cgroup.threads") is { } threads)
            {
                found.UnionWith(Numbers(threads).Select(ProcessOf).Where(static process => process != 0));
            }

            try
            {
                foreach (string below in Directory.EnumerateDirectories(cgroup))
                {
                    waiting.Push(below);
                }
            }
            catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
            {
                // Removed meanwhile.
            }
        }

        return found;
    }

    /// <summary>Which process has a number now: when it was started, in the kernel's ticks; 0 if there is none, or it has ended.</summary>
    public static ulong IdentityOf(int process) =>
        StatOf(process) is { Length: > 19 } fields && fields[0] is not ("Z" or "X") && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out ulong start) ? start : 0;

    /// <summary>Whether a process has ended: it is gone, or only its exit status is left.</summary>
    public static bool HasEnded(int process) => StatOf(process) is not { Length: > 0 } fields || (fields[0] is "Z" or "X" && ThreadsOf(process).Count <= 1);

    /// <summary>Whether the first thread of a process has ended while others go on.</summary>
    public static bool HasLostFirstThread(int process) => StatOf(process) is ["Z", ..] && ThreadsOf(process).Count > 1;

    /// <summary>How many processes have a file mapped.</summary>
    /// <param name="file">The file.</param>
    public static int CountMappers(UserFileMapping file) =>
        All().Count(process => process != Environment.ProcessId && Read(Path(process, "maps")) is { } maps && file.IsIn(maps));

    // From the third field on; the second is the name in parentheses, which may contain anything.
    private static string[]? StatOf(int process) =>
        Read(Path(process, "stat")) is { } stat && stat.LastIndexOf(')') is >= 0 and int end && end + 2 < stat.Length ? stat[(end + 2)..].Split(' ') : null;

    private static int ProcessOf(int thread) =>
        Read(Path(thread, "status"))?.Split('\n').FirstOrDefault(static line => line.StartsWith("Tgid:", StringComparison.Ordinal)) is { } line
        && int.TryParse(line.AsSpan(5), CultureInfo.InvariantCulture, out int process) ? process : 0;

    private static string Path(int process, string file) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{file}");

    private static IEnumerable<int> Numbers(string lines) => lines.Split('\n').Where(static line => line.Length > 0)
        .Select(static line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0).Where(static number => number > 0);

    private static List<int> NumbersIn(string folder)
    {
        var numbers = new List<int>();
        try
        {
            foreach (string path in Directory.EnumerateDirectories(folder))
            {
                if (int.TryParse(System.IO.Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    numbers.Add(number);
                }
            }
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            // It has ended meanwhile.
        }

        return numbers;
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }
}
