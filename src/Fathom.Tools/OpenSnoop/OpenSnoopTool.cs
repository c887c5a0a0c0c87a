using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Rows;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Fathom.Tools.Shared.Events;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.OpenSnoop;

/// <summary>Files that are opened.</summary>
public sealed class OpenSnoopTool : ITool
{
    /// <inheritdoc/>
    public ToolDescription Description => OpenSnoopOptions.Description;

    /// <inheritdoc/>
    public ITracing Start(ToolRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var filter = new TaskFilterSetup(request)
        {
            Thread = Processes.FindThread(request.Get(OpenSnoopOptions.Thread), request),
            User = request.Get(OpenSnoopOptions.User) is { } user ? new Users().Find(user) : null,
        };
        string? name = CommandNames.PartOf(request, OpenSnoopOptions.Name);
        int buffer = BufferOption.Bytes(request.Get(OpenSnoopOptions.Buffer));
        IReadOnlyList<ulong> flags = request.Get(OpenSnoopOptions.Flags)!;
        RowLayout<OpenRow> layout = OpenColumns.Layout(
            RowClocks.Measure(),
            request.Timestamps,
            request.Has(OpenSnoopOptions.Seconds),
            request.Has(OpenSnoopOptions.PrintUser),
            request.Has(OpenSnoopOptions.Thread),
            request.Has(OpenSnoopOptions.Extended));

        var constants = new OpenSnoopProbe.Constants
        {
            OnlyFailed = request.Has(OpenSnoopOptions.OnlyFailed),
            FullPath = request.Has(OpenSnoopOptions.FullPath),
            AnyFlag = flags.Aggregate(0UL, static (all, bits) => all | bits),
            WakeBits = BufferOption.WakeBits(buffer),
            Filter = filter.Settings,
        };
        OpenSnoopProbe.Loaded probe = OpenSnoopProbe.Load(Kernel.Running, constants, new LoadOptions { MaxEntries = { [nameof(OpenSnoopProbe.Events)] = buffer } });
        if (!constants.SeesRings)
        {
            request.Note("this kernel does not show what io_uring opens, so that is not among the rows");
        }

        return ProbeStart.Run(
            probe, filter.Fill, links => new OpenSnoopTracing(new ProbeSource(probe, probe.Events, links), layout, name, request.Has(OpenSnoopOptions.OnlyFailed), flags));
    }
}
