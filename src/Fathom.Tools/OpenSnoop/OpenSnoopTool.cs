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
            Thread = request.ValueOf(OpenSnoopOptions.Thread) is { } thread ? Processes.FindThread(thread, request) : 0,
            User = request.ValueOf(OpenSnoopOptions.User) is { } user ? new Users().Find(user) : null,
        };
        string? name = CommandNames.PartOf(request, OpenSnoopOptions.Name);
        var options = new LoadOptions();
        filter.Fit(options);
        int buffer = BufferOption.Bytes(request, OpenSnoopOptions.DefaultPages);
        options.MaxEntries[nameof(OpenSnoopProbe.Events)] = buffer;
        uint mode = (request.Has(OpenSnoopOptions.OnlyFailed) ? OpenSnoopMode.OnlyFailed : 0)
            | (request.Has(OpenSnoopOptions.FullPath) ? OpenSnoopMode.FullPath : 0)
            | FitToRings(Kernel.Running, options, request);
        IReadOnlyList<ulong> flags = request.ValueOf(OpenSnoopOptions.Flags) is { } names ? OpenFlags.Parse(names) : [];
        RowLayout<OpenRow> layout = OpenColumns.Layout(
            RowClock.Measure(),
            request.Timestamps,
            request.Has(OpenSnoopOptions.Seconds),
            request.Has(OpenSnoopOptions.PrintUser),
            request.Has(OpenSnoopOptions.Thread),
            request.Has(OpenSnoopOptions.Extended));

        var constants = new OpenSnoopProbe.Constants
        {
            Mode = mode,
            AnyFlag = flags.Aggregate(0UL, static (all, bits) => all | bits),
            WakeBits = BufferOption.WakeBits(buffer),
            Filter = filter.Settings,
        };
        OpenSnoopProbe.Loaded probe = OpenSnoopProbe.Load(Kernel.Running, constants, options);
        return ProbeStart.Run(
            probe,
            () => filter.Fill(probe.FilterCgroup, probe.FilterTree),
            static probe => probe.Attach(),
            links => new OpenSnoopTracing(
                new ProbeSource(probe, probe.Object.Programs, probe.Events, links, () => Losses(probe)),
                layout, name, request.Has(OpenSnoopOptions.OnlyFailed), flags));
    }

    private static IEnumerable<Loss> Losses(OpenSnoopProbe.Loaded probe) =>
    [
        new("lost", probe.Lost, "opens not shown, because the buffer was full (-b gives it more room)"),
        new("unreadable", probe.Unreadable, "opens shown without their path, because it was not readable"),
        new("untracked", probe.Untracked, "child processes not followed, because there are more than the map has room for"),
    ];

    // Asks the kernel's types, not its version: what its tracepoints pass has changed more than once.
    private static uint FitToRings(Kernel kernel, LoadOptions options, ToolRequest request)
    {
        const string Submit = "io_uring_submit_req", SubmitOld = "io_uring_submit_sqe", Complete = "io_uring_complete";
        IReadOnlyDictionary<string, int> arguments = kernel.CountTracepointArguments(Submit, SubmitOld, Complete);
        bool isNew = arguments[Submit] == 1;
        bool isOld = !isNew && arguments[SubmitOld] == 2;
        bool isPointer = arguments[Complete] == 3;
        bool isSeen = (isNew || isOld) && (isPointer || arguments[Complete] == 7);
        void Use(string program, bool isUsed)
        {
            if (!isUsed)
            {
                options.Without.Add(program);
            }
        }

        Use(OpenSnoopProbe.Programs.Submitted, isSeen && isNew);
        Use(OpenSnoopProbe.Programs.SubmittedOld, isSeen && isOld);
        Use(OpenSnoopProbe.Programs.Completed, isSeen);
        if (!isSeen)
        {
            request.Note("this kernel does not show what io_uring opens, so that is not among the rows");
        }

        return isPointer ? OpenSnoopMode.CompletionIsPointer : 0;
    }
}
