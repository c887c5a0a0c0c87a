using System;
using System.Globalization;
using System.Text.RegularExpressions;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Programs that are executed.</summary>
public sealed class ExecSnoopTool : ITool
{
    /// <inheritdoc/>
    public ToolDescription Description => ExecSnoopOptions.Description;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request)
        {
            User = request.ValueOf(ExecSnoopOptions.User) is { } user ? new Users().Find(user) : null,
            Parent = request.ValueOf(ExecSnoopOptions.Parent) is { } parent ? Processes.Find(parent) : 0,
        };
        Regex? name = RegexOf(request, ExecSnoopOptions.Name), line = RegexOf(request, ExecSnoopOptions.Line);
        CommandNames.MustMatch(request, ExecSnoopOptions.Name, name);
        var arguments = new ArgumentsColumn(request.Has(ExecSnoopOptions.Quote), MostArguments(request), request.Has(ExecSnoopOptions.Executable));
        var columns = new ExecColumns(
            request.Timestamps,
            request.Has(ExecSnoopOptions.Seconds),
            request.Has(ExecSnoopOptions.PrintUser),
            request.Has(ExecSnoopOptions.PrintParent),
            request.Has(ExecSnoopOptions.PrintCpu));
        int buffer = BufferOption.Bytes(request, ExecSnoopOptions.DefaultPages, ExecSnoopOptions.LeastPages);
        ExecSnoopProbe.Loaded probe = ExecSnoopProbe.Load(
            Kernel.Running,
            new() { Fails = request.Has(ExecSnoopOptions.Fails), Filter = filter.Settings },
            new LoadOptions { MaxEntries = { [nameof(ExecSnoopProbe.Events)] = buffer } });
        return ProbeStart.Run(
            probe, filter.Fill, links => new ExecSnoopTracing(new ProbeSource(probe, probe.Events, links), columns.Layout(RowClocks.Measure(), arguments), name, line));
    }

    private static int MostArguments(ToolRequest request) =>
        request.ValueOf(ExecSnoopOptions.MostArguments) is not { } text ? int.MaxValue
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int most) && most > 0 ? most
        : throw new BadArgumentException($"the number of arguments must be a whole number above 0, but is '{text}'");

    // Without backtracking: what it is matched with comes from the traced system, and may be made to take for ever.
    private static Regex? RegexOf(ToolRequest request, ToolOption option)
    {
        if (request.ValueOf(option) is not { } pattern)
        {
            return null;
        }

        if (pattern.Length > NamePattern.LongestRegex)
        {
            throw new BadArgumentException($"the regular expression for {option.Name} may have {NamePattern.LongestRegex} characters, but has {pattern.Length}");
        }

        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException e)
        {
            throw new BadArgumentException($"'{pattern}' is no regular expression for {option.Name}: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new BadArgumentException($"'{pattern}' needs backtracking, which {option.Name} does not do: leave away look-around and back references", e);
        }
    }
}
