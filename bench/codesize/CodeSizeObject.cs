using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.CodeSize.Programs;
using Fathom.Format.Objects;
using Fathom.Runtime;

namespace Fathom.CodeSize;

/// <summary>One tool's object file.</summary>
/// <param name="Name">Its name, the first part of a program's in the baseline.</param>
/// <param name="GetObjectFile">What the compiler made.</param>
internal sealed record CodeSizeObject(string Name, Func<byte[]> GetObjectFile)
{
    private BpfObject? _definition;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<CodeSizeObject> All { get; } =
    [
        new(nameof(Biolatency), Biolatency.GetObjectFile),
        new(nameof(Biopattern), Biopattern.GetObjectFile),
        new(nameof(Biosnoop), Biosnoop.GetObjectFile),
        new(nameof(Bitesize), Bitesize.GetObjectFile),
        new(nameof(Cpudist), Cpudist.GetObjectFile),
        new(nameof(Cpufreq), Cpufreq.GetObjectFile),
        new(nameof(Drsnoop), Drsnoop.GetObjectFile),
        new(nameof(Execsnoop), Execsnoop.GetObjectFile),
        new(nameof(Exitsnoop), Exitsnoop.GetObjectFile),
        new(nameof(Futexctn), Futexctn.GetObjectFile),
        new(nameof(Hardirqs), Hardirqs.GetObjectFile),
        new(nameof(Llcstat), Llcstat.GetObjectFile),
        new(nameof(Offcputime), Offcputime.GetObjectFile),
        new(nameof(Opensnoop), Opensnoop.GetObjectFile),
        new(nameof(Runqlat), Runqlat.GetObjectFile),
        new(nameof(Runqlen), Runqlen.GetObjectFile),
        new(nameof(Runqslower), Runqslower.GetObjectFile),
        new(nameof(Sigsnoop), Sigsnoop.GetObjectFile),
        new(nameof(Softirqs), Softirqs.GetObjectFile),
        new(nameof(Softirqslower), Softirqslower.GetObjectFile),
        new(nameof(Statsnoop), Statsnoop.GetObjectFile),
        new(nameof(Syncsnoop), Syncsnoop.GetObjectFile),
        new(nameof(Syscount), Syscount.GetObjectFile),
        new(nameof(Tcplife), Tcplife.GetObjectFile),
        new(nameof(Tcpstates), Tcpstates.GetObjectFile),
        new(nameof(Wakeuptime), Wakeuptime.GetObjectFile),
    ];

    /// <summary>What the object file says.</summary>
    public BpfObject Definition => _definition ??= ObjectFile.Parse(GetObjectFile());

    /// <summary>The object of a program, by the baseline's name of it.</summary>
    public static CodeSizeObject Of(BaselineEntry entry) => All.Single(tool => tool.Name == entry.ObjectName);

    /// <summary>Slots of 8 bytes of a program, with the subprograms that it calls.</summary>
    public int CountSlots(string program) => Linker.Link(Definition, program).Instructions.Sum(static instruction => instruction.SlotCount);

    /// <summary>Loads it with the constants that it is declared with.</summary>
    public LoadedObject Load(Kernel kernel) => LoadedObject.Load(kernel, Definition);
}
