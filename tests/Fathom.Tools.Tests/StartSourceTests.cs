using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Runtime;
using Fathom.Tools.BioLatency;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>Sources of a request's start, on the same requests: a hash map by request, the table of biolatency, the request's own time stamp.</summary>
public sealed class StartSourceTests(ITestOutputHelper output)
{
    [Fact]
    public void The_table_agrees_with_a_hash_map_and_the_requests_time_stamp_does_not()
    {
        Programs.NeedRoot();
        Assert.SkipUnless(
            Kernel.Running.CountTracepointArguments("block_rq_issue")["block_rq_issue"] == 1, "This kernel's block_rq_issue has the queue as its first argument.");
        using var disk = new LoopDisk(megabytes: 16);
        using var probe = StartSources.Load(Kernel.Running);
        using (probe.Attach())
        {
            var fio = Programs.Find("fio", "fio");

            // The kernel reads its clock once for what is submitted together: of many, most have the time of the first.
            using var load = RunningProgram.Run(
                fio,
                "--name=load", $"--filename={disk.Device}", "--direct=1", "--rw=randrw", "--bs=4k", "--ioengine=libaio", "--iodepth=64", "--iodepth_low=1", "--iodepth_batch=64",
                "--size=16m", "--norandommap", "--io_size=40m");
            Assert.True(load.ExitCode == 0, load.Errors);
        }

        var compared = probe.Compared;
        output.WriteLine($"{compared} requests compared, {probe.Different} with another start in the table");
        output.WriteLine($"io_start_time_ns: not set {probe.Unset}, too early by more than 500 ns {probe.Early}, by {probe.EarlyNs / ulong.Max(1, probe.Early)} ns on average");
        Assert.True(compared >= 10_000);
        Assert.Equal(0UL, probe.Different);
        // What the design rests on: if a kernel's own time stamp were the issue's, no memory would be needed.
        Assert.True(probe.Unset + probe.Early > compared / 10, "The request's own time stamp would serve here.");
    }
}

[BpfObject]
internal static unsafe partial class StartSources
{
    internal static InFlightTable Places;

    internal static ulong Compared;

    internal static ulong Different;

    internal static ulong Unset;

    internal static ulong Early;

    internal static ulong EarlyNs;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, ulong> Started = new();

    [TracepointBtf("block_rq_complete")]
    private static void Completed(Request* request, int error, uint bytes)
    {
        fixed (InFlightTable* table = &Places)
        {
            ulong id = (ulong)((byte*)request - (byte*)table);
            ulong* started = Started.Lookup(id);
            if (started == null || bytes < request->__data_len)
            {
                return;
            }

            ulong start = *started;
            Started.Delete(id);
            InFlight* place = PlaceOf(id, table);
            if (place->Request == id)
            {
                place->Request = 0;
                Interlocked.Increment(ref Compared);
                if (place->Start != start)
                {
                    Interlocked.Increment(ref Different);
                }
            }

            ulong own = request->io_start_time_ns;
            if (own == 0)
            {
                Interlocked.Increment(ref Unset);
            }
            else if (own + 500 < start)
            {
                Interlocked.Increment(ref Early);
                Interlocked.Add(ref EarlyNs, start - own);
            }
        }
    }

    [TracepointBtf("block_rq_issue")]
    private static void Issued(Request* request)
    {
        ulong now = Helpers.KtimeGetNs();
        fixed (InFlightTable* table = &Places)
        {
            ulong id = (ulong)((byte*)request - (byte*)table);
            Started.Update(id, now);
            InFlight* place = PlaceOf(id, table);
            place->Request = id;
            place->Start = now;
        }
    }

    private static InFlight* PlaceOf(ulong id, InFlightTable* table) =>
        (InFlight*)((byte*)table + (id & ((InFlightTable.Length - 1) * InFlight.Size)));
}
