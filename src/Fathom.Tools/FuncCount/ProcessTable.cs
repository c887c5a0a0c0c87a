using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Runtime;

namespace Fathom.Tools.FuncCount;

/// <summary>What is known of a process.</summary>
internal enum ProcessLife
{
    /// <summary>It lives.</summary>
    Lives,
    /// <summary>It lives, but its first thread, which the kernel knows it by, has ended.</summary>
    LostFirstThread,
    /// <summary>It has ended.</summary>
    Ended,
    /// <summary>It could not be looked at.</summary>
    Unknown,
}

/// <summary>What procfs says of processes. They come and go meanwhile: what is not there any more is empty, never an error.</summary>
internal static class ProcessTable
{
    private const int LongestName = 15;

    // ESRCH: it ended while its file was read.
    private const int NoSuchProcess = 3;

    /// <summary>All processes.</summary>
    public static IReadOnlyList<int> All() => NumbersIn("/proc");

    /// <summary>The threads of a process.</summary>
    public static IReadOnlyList<int> ThreadsOf(int process) => NumbersIn(Path(process, "task"));

    /// <summary>Whether a thread of a process has a command name.</summary>
    public static bool HasThreadNamed(int process, string name)
    {
        // Bytes: a name need not be text, and what cannot be decoded would all be the same.
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        wanted = wanted.Length > LongestName ? wanted[..LongestName] : wanted;
        return ThreadsOf(process).Any(thread => ReadBytes(Path(process, $"task/{thread.ToString(CultureInfo.InvariantCulture)}/comm")) is [.. var comm, (byte)'\n'] && comm.AsSpan().SequenceEqual(wanted));
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

    /// <summary>Whether a process lives. That it cannot be looked at says nothing of it.</summary>
    /// <param name="process">The process.</param>
    /// <param name="identity">Which process has the number: when it was started, in the kernel's ticks; 0 if that is not known.</param>
    public static ProcessLife LifeOf(int process, out ulong identity)
    {
        identity = 0;
        try
        {
            // From the third field on; the second is the name in parentheses, which may contain anything.
            string stat = File.ReadAllText(Path(process, "stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            _ = ulong.TryParse(fields.ElementAtOrDefault(19), NumberStyles.None, CultureInfo.InvariantCulture, out identity);
            return fields[0] is not ("Z" or "X") ? ProcessLife.Lives : ThreadsOf(process).Count > 1 ? ProcessLife.LostFirstThread : ProcessLife.Ended;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || e.HResult == NoSuchProcess)
        {
            return ProcessLife.Ended;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException || ResourceLimitException.IsLimit(e))
        {
            return ProcessLife.Unknown;
        }
    }

    /// <summary>Whether a process has ended: it is gone, or only its exit status is left.</summary>
    public static bool HasEnded(int process) => LifeOf(process, out _) == ProcessLife.Ended;

    /// <summary>Whether the first thread of a process has ended while others go on.</summary>
    public static bool HasLostFirstThread(int process) => LifeOf(process, out _) == ProcessLife.LostFirstThread;

    /// <summary>By which number procfs shows the memory and the files of a process: of one whose first thread has ended by that of another.</summary>
    public static int ShownAs(int process) =>
        HasLostFirstThread(process) ? ThreadsOf(process).FirstOrDefault(static thread => LifeOf(thread, out _) == ProcessLife.Lives, process) : process;

    /// <summary>How many processes have a file mapped.</summary>
    /// <param name="file">The file.</param>
    public static int CountMappers(UserFileMapping file) =>
        All().Count(process => process != Environment.ProcessId && Read(Path(process, "maps")) is { } maps && file.IsIn(maps));

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

    private static string? Read(string path) => ReadBytes(path) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    private static byte[]? ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ResourceLimitException.IsLimit(e))
        {
            return null;
        }
    }
}
