using Fathom.Output.Json;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.FuncCount;

/// <summary>The options of funccount, and its help.</summary>
internal static class FuncCountOptions
{
    /// <summary>More places than this are refused unless the user says that it is meant.</summary>
    public const int DefaultMost = 10_000;

    public static readonly Flag Regex = new("--regexp", 'r', "The pattern is a regular expression.");
    public static readonly Option<int> Cpu = new("--cpu", 'c', WholeNumber.Between("CPU", 0), "Only what runs on this CPU.");
    public static readonly Option<int> Most = new("--most", 'm', WholeNumber.Between("COUNT", 1), "The most functions to attach to (10000).", DefaultMost);

    /// <summary>More places than this are put into every process that uses the file only if the user says that it is meant.</summary>
    public const int MostEverywhere = 100;

    /// <summary>More processes than this get more than <see cref="MostEverywhere"/> places only if the user says that it is meant.</summary>
    public const int MostReached = 10;

    public static readonly Flag AllProcesses = new("--all-processes", '\0',
        "Of a file, set breakpoints in every process that uses it, and count only those that are asked for: nothing is missed when processes begin, and all pay.");

    /// <summary>All of it.</summary>
    public static ToolDescription Description { get; } = new()
    {
        Name = "funccount",
        Summary = "How often kernel functions, library functions, tracepoints or USDT probes are passed",
        Argument = new("PATTERN", "What to count, in quotes: 'vfs_*' (kernel functions), 'c:mall*' or '/path:f' (functions of a library or program), "
            + "'t:block:*' (tracepoints), 'u:lib:probe' (USDT). * stands for anything.")
        {
            Sample = "t:sched:sched_process_exec",
        },
        Budget = 0.05,
        Records = [JsonRecords.Count],
        Options = [Regex, Cpu, Most, AllProcesses],
        Examples =
        [
            new("'vfs_*'", "kernel functions that begin with vfs_"),
            new("-i 1 'tcp_send*'", "the same every second"),
            new("-r '^vfs_(read|write)$'", "a regular expression"),
            new("c:malloc", "calls of the C library's malloc"),
            new("-p 185 'c:str*'", "only in process 185"),
            new("/usr/bin/bash:'read*'", "functions of a program"),
            new("t:syscalls:'sys_enter_*' -d 5", "system calls, for five seconds"),
            new("'t:block:*'", "block tracepoints"),
            new("u:/usr/bin/node:'http*'", "USDT probes of a program"),
            new("'c:*alloc' -- ls -l", "only while this command runs"),
        ],
        BlindSpots =
        [
            "Calls of a function that the compiler has inlined are no calls.",
            "Of a file, with -p, --comm, --cgroup or COMMAND only the processes that are counted pay, with those that they fork and that have counted before; each further process delays those that use the file.",
            "What a process that begins meanwhile calls in its first milliseconds is missed, and said; with -p, so is what comes after another thread than the first has begun another program.",
            "Without these, and of the kernel's functions, everybody pays.",
            "Functions that the kernel does not let be probed are left out, and named.",
            "A uprobe is in the file: a process that has a copy of it (another container's library) is another file.",
            "The tool's own calls are not counted, nor what an interrupt runs in the middle of them.",
        ],
    };

    /// <summary>Refuses more places than may be attached to.</summary>
    /// <exception cref="CannotRunException">There are more.</exception>
    public static void MustNotBeTooMany(FuncCountTarget target, int places, int most)
    {
        if (places > most)
        {
            throw new CannotRunException(
                $"{places} {target.Things} match '{target.Text}', more than {most}: choose fewer with a narrower pattern, or say with {Most.Name} {places} that it is meant");
        }
    }
}
