using System;
using System.Text.RegularExpressions;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Programs that are executed.</summary>
public sealed class ExecSnoopTool : ITool
{
    // 1 MB, and what a record with the most arguments needs, as a power of two.
    private const int DefaultPages = 256, LeastPages = 16;

    internal static readonly Flag Seconds = new("--seconds", 't', "Begin each row with the seconds since the first one.");
    internal static readonly Flag Fails = new("--fails", 'x', "Also show what failed.");
    internal static readonly Option<NameOrNumber> User = new("--uid", 'u', NameOrNumber.User, "Only what this user does: a number or a name.");
    internal static readonly Flag Quote = new("--quote", 'q', "Put each argument into quotation marks.");
    internal static readonly Option<Regex> Name = new("--name", 'n', RegularExpression.Kind, "Only commands whose name matches.");
    internal static readonly Option<Regex> Line = new("--line", 'l', RegularExpression.Kind, "Only commands whose line of arguments matches.");
    internal static readonly Flag PrintUser = new("--print-uid", 'U', "Show the user.");
    internal static readonly Flag PrintCpu = new("--cpu", 'C', "Show the CPU.");
    internal static readonly Flag PrintParent = new("--print-pcomm", 'M', "Show the parent's name.");
    internal static readonly Option<int> Parent = new("--ppid", 'P', WholeNumber.Process, "Only children of this process.");
    internal static readonly Option<int> MostArguments = new("--max-args", '\0', WholeNumber.Between("COUNT", 1),
        "Show as many arguments at most; all by default.", int.MaxValue);
    internal static readonly Flag Executable = new("--exe", 'F', "Show the executable's real path instead of the one that was given.");
    internal static readonly Option<int> Buffer = BufferOption.Pages(DefaultPages, LeastPages);

    /// <inheritdoc/>
    public ToolDescription Description { get; } = new()
    {
        Name = "execsnoop",
        Summary = "Programs that are executed, with their arguments",
        Rows = ExecColumns.Rows,
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

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request)
        {
            User = request.Get(User) is { } user ? new Users().Find(user) : null,
            Parent = Processes.Find(request.Get(Parent)),
        };
        Regex? name = CommandNames.PatternOf(request, Name), line = request.Get(Line);
        var style = new ArgumentStyle(request.Has(Quote), request.Get(MostArguments), request.Has(Executable));
        var constants = new ExecSnoopProbe.Constants { Fails = request.Has(Fails), Filter = filter.Settings };
        ExecSnoopProbe.Loaded probe = ExecSnoopProbe.Load(
            Kernel.Running, constants, new LoadOptions { MaxEntries = { [nameof(ExecSnoopProbe.Events)] = BufferOption.Bytes(request.Get(Buffer)) } });
        return ProbeStart.Run(
            probe, filter.Fill, links => new ExecSnoopTracing(new ProbeSource(probe, probe.Events, links), ExecColumns.Rows.View(request), style, name, line));
    }
}
