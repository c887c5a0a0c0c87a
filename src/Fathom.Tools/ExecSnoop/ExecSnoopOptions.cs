using System.Text.RegularExpressions;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;

namespace Fathom.Tools.ExecSnoop;

/// <summary>The options of execsnoop, and its help.</summary>
internal static class ExecSnoopOptions
{
    public static readonly Flag Seconds = new("--seconds", 't', "Begin each row with the seconds since the first one.");
    public static readonly Flag Fails = new("--fails", 'x', "Also show what failed.");
    public static readonly Option<NameOrNumber> User = new("--uid", 'u', NameOrNumber.User, "Only what this user does: a number or a name.");
    public static readonly Flag Quote = new("--quote", 'q', "Put each argument into quotation marks.");
    public static readonly Option<Regex> Name = new("--name", 'n', RegularExpression.Kind, "Only commands whose name matches.");
    public static readonly Option<Regex> Line = new("--line", 'l', RegularExpression.Kind, "Only commands whose line of arguments matches.");
    public static readonly Flag PrintUser = new("--print-uid", 'U', "Show the user.");
    public static readonly Flag PrintCpu = new("--cpu", 'C', "Show the CPU.");
    public static readonly Flag PrintParent = new("--print-pcomm", 'M', "Show the parent's name.");
    public static readonly Option<int> Parent = new("--ppid", 'P', WholeNumber.Process, "Only children of this process.");
    public static readonly Option<int> MostArguments = new("--max-args", '\0', WholeNumber.Between("COUNT", 1),
        "Show as many arguments at most; all by default.", int.MaxValue);
    public static readonly Flag Executable = new("--exe", 'F', "Show the executable's real path instead of the one that was given.");

    public static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages, LeastPages);

    /// <summary>All of it.</summary>
    public static ToolDescription Description { get; } = new()
    {
        Name = "execsnoop",
        Summary = "Programs that are executed, with their arguments",
        ShowsEvents = true,
        Options = [Fails, Seconds, User, Quote, Name, Line, PrintUser, PrintCpu, PrintParent, Parent, MostArguments, Executable, Buffer],
        Examples =
        [
            new("", "every program that is executed"),
            new("-x", "also what failed, such as each try along PATH"),
            new("-T -U", "with the time of day and the user"),
            new("-n ssh", "only commands whose name matches ssh"),
            new("-l 'config.*xml'", "only lines that match"),
            new("-P 181", "only children of process 181"),
            new("-- make", "only what a command and its children execute"),
        ],
        BlindSpots =
        [
            "A process that forks and goes on without executing anything is not shown: it runs the program of its parent.",
            "With -x: a call that failed may have had arguments that were never in memory; such rows say so.",
            "A program that another one changes the arguments of while it starts can show the changed ones.",
            "In a container with process numbers of its own, process numbers are those of the machine.",
        ],
    };

    /// <summary>Pages of the ring buffer, 1 MB.</summary>
    public const int DefaultPages = 256;

    /// <summary>Pages that a record with the most arguments needs, as a power of two.</summary>
    public const int LeastPages = 16;
}
