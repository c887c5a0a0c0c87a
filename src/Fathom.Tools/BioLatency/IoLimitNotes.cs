using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Output.Sinks;

namespace Fathom.Tools.BioLatency;

/// <summary>Says which limits hold I/O back where the histogram does not show it.</summary>
/// <param name="isQueued">Whether the tool measures what is held back.</param>
/// <param name="bySubmitter">Whether only the requests of some submitters count.</param>
/// <param name="disk">The only disk that counts, as <c>dev_t</c>; 0 for all.</param>
/// <param name="diskName">The name of a disk by its number in the kernel.</param>
internal sealed class IoLimitNotes(bool isQueued, bool bySubmitter, uint disk, Func<uint, string> diskName)
{
    private const int MostNames = 4;

    /// <summary>What is to be said of these limits.</summary>
    /// <param name="limits">Those that are set.</param>
    /// <param name="earlier">Those that were, and are not any more or were changed.</param>
    /// <param name="hasHeld">Whether any limit has held anything back.</param>
    public IEnumerable<NoteRecord> Of(IReadOnlyList<IoLimit> limits, IReadOnlyList<IoLimit> earlier, bool hasHeld)
    {
        IoLimit[] here = [.. limits.Where(IsHere)];
        IoLimit[] throttles = [.. here.Where(static limit => limit.IsThrottle)];
        if (throttles.Length > 0)
        {
            string words = isQueued
                ? "the histogram begins where these limits let I/O go; how long they hold it back is told apart: "
                : "not in the histogram: how long these limits hold I/O back (-Q tells it apart): ";
            yield return new("io-limit", words + Names(throttles));
            if (bySubmitter && !isQueued)
            {
                yield return new("io-limit", "what these limits hold back is submitted by a kernel thread, so that it does not count for -p, --comm, -c or -- COMMAND");
            }
        }

        IoLimit[] gone = [.. earlier.Where(limit => IsHere(limit) && limit.IsThrottle)];
        if (gone.Length > 0)
        {
            yield return new("io-limit", "these limits were set for a time while tracing, and held I/O back too: " + Names(gone));
        }
        else if (hasHeld && throttles.Length == 0)
        {
            yield return new("io-limit", "the limit that held I/O back is not set any more; reports at intervals would have named it");
        }

        IoLimit[] others = [.. here.Where(static limit => !limit.IsThrottle)];
        if (others.Length > 0)
        {
            yield return new("io-limit", "not in the histogram: how long I/O waits for a request because of " + Names(others));
        }
    }

    private bool IsHere(IoLimit limit) => disk == 0 || limit.Device.InKernel == disk;

    private string Names(IoLimit[] limits)
    {
        string names = string.Join("; ", limits.Take(MostNames).Select(limit => $"{limit.File} of cgroup {limit.Cgroup} for {diskName(limit.Device.InKernel)}: {limit.Setting}"));
        return limits.Length > MostNames ? $"{names}; and {limits.Length - MostNames} more" : names;
    }
}
