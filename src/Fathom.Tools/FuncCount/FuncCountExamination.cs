using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Fathom.Runtime;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>
/// Whether each kind of place can be counted here: tried as a count is begun, at a place that is hardly ever passed. That of files is the entry
/// of this program itself, in this process, which has passed it.
/// </summary>
internal static class FuncCountExamination
{
    private const string RareFunction = "kernel_power_off";
    private const string RareLibraryFunction = "c:getgrgid_r";
    private const string RareTracepoint = "t:sched:sched_kthread_stop";
    private const string RareCall = "t:syscalls:sys_enter_sysfs";
    private const string Self = "/proc/self/exe";

    /// <summary>Tries each kind.</summary>
    public static ToolExamination Of(FuncCountTool tool, Kernel kernel)
    {
        var limits = new List<string>();
        ToolPart functions = Start(tool, "kernel functions", RareFunction, limits);
        return new(
            [
                functions.Obstacle is { Cause: RefusalCause.Other or RefusalCause.MissingConfig or RefusalCause.TooOld } obstacle ? functions with { Obstacle = Explain(kernel, obstacle) } : functions,
                ToolPart.Try("library functions and static probes", () => AttachToSelf(kernel)) with { Sample = RareLibraryFunction },
                Start(tool, "tracepoints", RareTracepoint, limits),
                Start(tool, "system calls", RareCall, limits),
            ],
            limits);
    }

    private static ToolPart Start(FuncCountTool tool, string name, string pattern, List<string> limits) => ToolPart.Try(name, () =>
    {
        using ITracing tracing = tool.Start(new ToolRequest { Argument = pattern, Note = limits.Add, Status = static _ => { } });
        return tracing.Sources;
    }) with
    {
        Sample = pattern,
    };

    private static IReadOnlyList<TraceSource> AttachToSelf(Kernel kernel)
    {
        var attacher = new FuncCountAttacher(kernel, new(), new TaskFilterSetup(new ToolRequest()), static _ => { }, CancellationToken.None);
        var entry = new Countable("entry", "entry") { Places = [new UserProbe(EntryOf(Self))] };
        using FuncCountProbeSource source = attacher.AttachUserPlaces([entry], isStatic: false, Self, new FuncCountScope(FuncCountReach.OneProcess, Environment.ProcessId));
        return source.Sources;
    }

    // The tool tries one way after the other, and what it says at last has no single cause; that of the best way is the one to remove.
    private static Obstacle Explain(Kernel kernel, Obstacle obstacle)
    {
        FeatureAnswer best = kernel.Probe(KernelFeatures.KprobeMulti);
        string options = $"{string.Join("=y and ", KernelFeatures.KprobeMulti.Options)}=y, or with {string.Join("=y and ", KernelFeatures.KprobeEvents.Options)}=y";
        return best.Cause is RefusalCause.MissingConfig or RefusalCause.TooOld
            ? obstacle with { Cause = best.Cause, Remedy = $"use a kernel that is built with {options}." }
            : obstacle with { Cause = best.Cause == RefusalCause.None ? RefusalCause.Other : best.Cause, Missing = best.Missing };
    }

    // Where the entry lies in the file. https://man7.org/linux/man-pages/man5/elf.5.html (Elf64_Ehdr, Elf64_Phdr)
    private static ulong EntryOf(string path)
    {
        const int HeaderSize = 64, SegmentSize = 56, Loaded = 1;
        if (!File.Exists(path))
        {
            throw new CannotRunException($"there is no {path} to try a place in a file on: mount -t proc proc /proc");
        }

        using FileStream file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[HeaderSize], segment = stackalloc byte[SegmentSize];
        file.ReadExactly(header);
        ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        file.Position = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        for (int i = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]); i > 0; i--)
        {
            file.ReadExactly(segment);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]), address = BinaryPrimitives.ReadUInt64LittleEndian(segment[16..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == Loaded && entry >= address
                && entry - address < BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]))
            {
                return entry - address + offset;
            }
        }

        throw new CannotRunException($"{path} has no segment with its entry, so no place in a file can be tried");
    }
}
