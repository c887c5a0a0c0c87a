using Fathom.Output.Json;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.BioLatency;

/// <summary>The options of biolatency, and its help.</summary>
internal static class BioLatencyOptions
{
    public static readonly Flag Queued = new("--queued", 'Q', "Include the time that requests waited in the queue, and tell what a limit held back before it.");
    public static readonly Flag Milliseconds = new("--milliseconds", 'm', "Show milliseconds instead of microseconds.");
    public static readonly Flag PerDisk = new("--disks", 'D', "Show a histogram for each disk.");
    public static readonly Flag PerFlags = new("--flags", 'F', "Show a histogram for each set of I/O flags.");
    public static readonly Flag Extension = new("--extension", 'e', "Also show the average and the total.");
    public static readonly Option<string> Disk = new("--disk", 'd', Texts.Disk, "Only this disk, such as vda or /dev/sda.");

    /// <summary>All of it.</summary>
    public static ToolDescription Description { get; } = new()
    {
        Name = "biolatency",
        Summary = "Latency of block device I/O as a histogram",
        Banner = "Tracing block device I/O... Hit Ctrl-C to end.",
        TakesInterval = true,
        Records =
        [
            JsonRecords.Histogram(new("disk", JsonKind.Text, "With -D: the disk"), new("flags", JsonKind.Text, "With -F: the operation with its flags")),
            JsonRecords.Summary("held", "With -Q: how long what a limit held back waited before the disk"),
        ],
        Options = [Queued, Milliseconds, PerDisk, PerFlags, Extension, Disk],
        Examples =
        [
            new("", "sum up until Ctrl-C"),
            new("1 10", "every second, ten times"),
            new("-mT 1", "every second, in milliseconds, with the time of day"),
            new("-Q", "include the time in the queue"),
            new("-DF", "a histogram for each disk and set of flags"),
            new("-d vda --duration 5", "only vda, for five seconds"),
            new("-j 1", "a JSON object every second, for programs"),
            new("-- make -j8", "only while this command runs"),
        ],
        BlindSpots =
        [
            "Reads and writes that the page cache answers never become requests.",
            "Buffered writes are issued later by a kernel thread, which is then the process that filters see.",
            "What a cgroup's limit (io.max, blkio.throttle) holds back is no request yet: -Q tells these waits apart, where a task sleeps for them. A kernel thread submits what was held back, so that it does not count for -p, --comm, -c or -- COMMAND.",
            "Devices that take no requests (some stacked or in-memory ones) show nothing; their underlying disks do.",
        ],
    };
}
