using System;
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
            User = request.Get(ExecSnoopOptions.User) is { } user ? new Users().Find(user) : null,
            Parent = Processes.Find(request.Get(ExecSnoopOptions.Parent)),
        };
        Regex? name = CommandNames.PatternOf(request, ExecSnoopOptions.Name), line = request.Get(ExecSnoopOptions.Line);
        var arguments = new ArgumentsColumn(request.Has(ExecSnoopOptions.Quote), request.Get(ExecSnoopOptions.MostArguments), request.Has(ExecSnoopOptions.Executable));
        var columns = new ExecColumns(
            request.Timestamps,
            request.Has(ExecSnoopOptions.Seconds),
            request.Has(ExecSnoopOptions.PrintUser),
            request.Has(ExecSnoopOptions.PrintParent),
            request.Has(ExecSnoopOptions.PrintCpu));
        int buffer = BufferOption.Bytes(request.Get(ExecSnoopOptions.Buffer));
        ExecSnoopProbe.Loaded probe = ExecSnoopProbe.Load(
            Kernel.Running,
            new() { Fails = request.Has(ExecSnoopOptions.Fails), Filter = filter.Settings },
            new LoadOptions { MaxEntries = { [nameof(ExecSnoopProbe.Events)] = buffer } });
        return ProbeStart.Run(
            probe, filter.Fill, links => new ExecSnoopTracing(new ProbeSource(probe, probe.Events, links), columns.Layout(RowClocks.Measure(), arguments), name, line));
    }
}
