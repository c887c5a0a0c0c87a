using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;

namespace Fathom.Tools.BioLatency;

/// <summary>Latency of block-device requests, summed up in the kernel.</summary>
/// <remarks>
/// A request is started by <see cref="Issued"/> (or <see cref="Inserted"/>, where the time in the queue counts) and counted by
/// <see cref="Completed"/>. Its start is kept in <see cref="Places"/>; <see cref="Crowded"/> takes those whose place is taken. Where not
/// every request counts, the programs named Chosen do the same with questions; of each tracepoint one program is loaded. Where only some
/// submitters count, <see cref="Submitted"/> (or the first of the others to see it, before Linux 6.5) gives a request a place with start 0,
/// in the submitter's context: at completion the current task is an arbitrary one.
/// Programs are attached in the order in which they stand here: what ends a request before what begins it, so that no request gets a place
/// and completes unseen.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
[Includes(typeof(Latencies))]
[Includes(typeof(HeldBack))]
internal static unsafe partial class BioLatencyProbe
{
    /// <summary>The time in the queue counts.</summary>
    [Constant]
    public static readonly bool Queued;

    /// <summary>A histogram for each disk.</summary>
    [Constant]
    public static readonly bool PerDisk;

    /// <summary>A histogram for each kind of request.</summary>
    [Constant]
    public static readonly bool PerFlags;

    /// <summary>Only one disk counts.</summary>
    [Constant]
    public static readonly bool OneDisk;

    /// <summary>Only some submitters count.</summary>
    [Constant]
    public static readonly bool BySubmitter;

    /// <summary>The kernel shows where a request meets its submitter (Linux 6.5).</summary>
    [Constant, HasTracepoint("block_io_start")]
    public static readonly bool HasSubmission;

    /// <summary>The request is the second argument of the tracepoints, behind its queue (before Linux 5.11, and not in every 5.10).</summary>
    [Constant, HasTracepoint("block_rq_issue", Arguments = 2)]
    public static readonly bool QueueIsFirst;

    /// <summary>The kernel shows which request was merged into another.</summary>
    [Constant, HasTracepoint("block_rq_merge")]
    public static readonly bool HasMerge;

    /// <summary>The disk that counts, as <c>dev_t</c>, with <see cref="OneDisk"/>.</summary>
    [Constant]
    public static readonly uint Disk;

    /// <summary>Starts of requests in flight, each at a place that bits of its address name.</summary>
    internal static InFlightTable Places;

    /// <summary>Requests that came back from the driver to the queue.</summary>
    [Loss("requeued", "requests that came back from the driver (their last try is measured)")]
    internal static ulong Requeued;

    /// <summary>Requests that completed without a known start.</summary>
    [Loss("unstarted", "requests not counted, because tracing began after them or had no room for their start")]
    internal static ulong Unstarted;

    /// <summary>Starts of requests whose place was taken.</summary>
    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<ulong, ulong> Crowded = new();

    /// <summary>Not every request counts.</summary>
    private static bool IsSelective => OneDisk | BySubmitter;

    private static bool SeesSubmission => BySubmitter && HasSubmission;

    // Of each tracepoint one program is loaded: each would cost time at every request.
    private static bool TakesChosenIssues => IsSelective || Queued;

    private static bool TakesIssues => !TakesChosenIssues && !QueueIsFirst;

    private static bool TakesIssuesFromQueue => !TakesChosenIssues && QueueIsFirst;

    private static bool TakesInserts => Queued && !IsSelective && !QueueIsFirst;

    private static bool TakesInsertsIntoQueue => Queued && !IsSelective && QueueIsFirst;

    private static bool TakesChosenInserts => IsSelective && (Queued || !SeesSubmission);

    private static bool TakesMerges => TakesChosenIssues && HasMerge;

    [TracepointBtf("block_rq_complete")]
    private static void Completed(Request* request, int error, uint bytes)
    {
        if (bytes < request->__data_len)
        {
            // A part of it: the request goes on.
            return;
        }

        fixed (InFlightTable* table = &Places)
        {
            ulong id = Identify(request, table);
            InFlight* place = PlaceOf(id, table);
            ulong start = 0;
            if (place->Request == id)
            {
                start = place->Start;
                place->Request = 0;
                place->Ended++;
            }
            else
            {
                ulong* crowded = Crowded.Lookup(id);
                if (crowded != null)
                {
                    start = *crowded;
                    Crowded.Delete(id);
                    Interlocked.Increment(ref place->Ended);
                }
                else if (IsSelective)
                {
                    return;
                }
            }

            if (start != 0)
            {
                if (start >= request->start_time_ns)
                {
                    Count(request, Latencies.Since(start));
                    return;
                }

                // Of an earlier request with this address: it is that one which stays without an end.
                Interlocked.Increment(ref place->Begun);
            }

            // With a filter, no start can also mean that the submission was seen and the issue was not.
            if (!IsFlushDone(request))
            {
                Interlocked.Increment(ref Unstarted);
            }
        }
    }

    /// <summary>A request that waited was merged into another, and will not complete by itself.</summary>
    [TracepointBtf("block_rq_merge"), LoadIf(nameof(TakesMerges))]
    private static void Merged(void* first, Request* second)
    {
        Request* request = QueueIsFirst ? second : (Request*)first;
        fixed (InFlightTable* table = &Places)
        {
            Forget(Identify(request, table), table);
        }
    }

    /// <summary>The driver gave a request back, to issue it again: it starts anew then. One that was chosen keeps its place.</summary>
    [TracepointBtf("block_rq_requeue")]
    private static void Returned(void* first, Request* second)
    {
        Interlocked.Increment(ref Requeued);
        if (!IsSelective)
        {
            Request* request = QueueIsFirst ? second : (Request*)first;
            fixed (InFlightTable* table = &Places)
            {
                Forget(Identify(request, table), table);
            }
        }
    }

    /// <summary>Every request counts, from its issue to the driver.</summary>
    [TracepointBtf("block_rq_issue"), LoadIf(nameof(TakesIssues))]
    private static void Issued(Request* request) => Start(request);

    /// <summary>The same where the queue is the first argument.</summary>
    [TracepointBtf("block_rq_issue"), LoadIf(nameof(TakesIssuesFromQueue))]
    private static void IssuedFromQueue(RequestQueue* queue, Request* request) => Start(request);

    /// <summary>Every request counts, from its way into the scheduler's queue.</summary>
    [TracepointBtf("block_rq_insert"), LoadIf(nameof(TakesInserts))]
    private static void Inserted(Request* request) => Start(request);

    /// <summary>The same where the queue is the first argument.</summary>
    [TracepointBtf("block_rq_insert"), LoadIf(nameof(TakesInsertsIntoQueue))]
    private static void InsertedIntoQueue(RequestQueue* queue, Request* request) => Start(request);

    /// <summary>Not every request counts.</summary>
    [TracepointBtf("block_rq_insert"), LoadIf(nameof(TakesChosenInserts))]
    private static void InsertedChosen(void* first, Request* second)
    {
        Request* request = QueueIsFirst ? second : (Request*)first;
        fixed (InFlightTable* table = &Places)
        {
            ulong id = Identify(request, table);
            ulong* start = FindFresh(request, id, table);
            if (start != null)
            {
                *start = Helpers.KtimeGetNs();
            }
            else if (!SeesSubmission && IsWanted(request))
            {
                Keep(id, table, Helpers.KtimeGetNs());
            }
        }
    }

    /// <summary>Not every request counts, or those that were inserted keep their start.</summary>
    [TracepointBtf("block_rq_issue"), LoadIf(nameof(TakesChosenIssues))]
    private static void IssuedChosen(void* first, Request* second)
    {
        Request* request = QueueIsFirst ? second : (Request*)first;
        fixed (InFlightTable* table = &Places)
        {
            ulong id = Identify(request, table);
            ulong* start = FindFresh(request, id, table);
            if (start == null)
            {
                if (!SeesSubmission && IsWanted(request))
                {
                    Keep(id, table, Helpers.KtimeGetNs());
                }
            }
            else if (!Queued || *start == 0)
            {
                *start = Helpers.KtimeGetNs();
            }
        }
    }

    [TracepointBtf("block_io_start"), LoadIf(nameof(SeesSubmission))]
    private static void Submitted(Request* request)
    {
        fixed (InFlightTable* table = &Places)
        {
            ulong id = Identify(request, table);
            if (IsWanted(request))
            {
                Keep(id, table, 0);
            }
            else
            {
                // What an earlier request left, whose completion was not seen.
                Drop(id, table);
            }
        }
    }

    /// <summary>The address of a request as a number: its distance from the table, since the verifier lets a pointer be subtracted and nothing else.</summary>
    private static ulong Identify(Request* request, InFlightTable* table) => (ulong)((byte*)request - (byte*)table);

    /// <summary>Requests lie at multiples of 64 bytes, many in a row: bits 6 to 18 give neighbours different places.</summary>
    private static InFlight* PlaceOf(ulong id, InFlightTable* table) =>
        (InFlight*)((byte*)table + (id & ((InFlightTable.Length - 1) * InFlight.Size)));

    /// <summary>Gives a request its place; who had it moves.</summary>
    private static void Start(Request* request)
    {
        ulong now = Helpers.KtimeGetNs();
        fixed (InFlightTable* table = &Places)
        {
            ulong id = Identify(request, table);
            InFlight* place = PlaceOf(id, table);
            place->Begun++;
            if (place->Request != 0)
            {
                // If the map is full too, the completion finds no start, and says so.
                Crowded.Update(place->Request, &place->Start);
            }

            place->Request = id;
            place->Start = now;
        }
    }

    /// <summary>Gives a chosen request its place, also where an earlier one left something at its address.</summary>
    private static void Keep(ulong id, InFlightTable* table, ulong start)
    {
        InFlight* place = PlaceOf(id, table);
        place->Begun++;
        ulong taken = place->Request;
        if (taken == 0 || taken == id)
        {
            place->Start = start;
            place->Request = id;
        }
        else
        {
            Crowded.Update(id, start);
        }
    }

    private static ulong* Find(ulong id, InFlightTable* table)
    {
        InFlight* place = PlaceOf(id, table);
        return place->Request == id ? &place->Start : Crowded.Lookup(id);
    }

    /// <summary>Finds the start of a request, and drops what an earlier one left at its address.</summary>
    private static ulong* FindFresh(Request* request, ulong id, InFlightTable* table)
    {
        ulong* start = Find(id, table);
        if (start != null && IsStale(*start, request))
        {
            Drop(id, table);
            return null;
        }

        return start;
    }

    /// <summary>
    /// Whether a start is from before the request was allocated, so that of an earlier one whose completion was not seen. Queues that keep
    /// no time of allocation have 0 there. A start of 0 is none yet.
    /// </summary>
    private static bool IsStale(ulong start, Request* request) => start != 0 && start < request->start_time_ns;

    private static void Drop(ulong id, InFlightTable* table)
    {
        InFlight* place = PlaceOf(id, table);
        if (place->Request == id)
        {
            place->Request = 0;
        }
        else
        {
            Crowded.Delete(id);
        }
    }

    private static void Count(Request* request, ulong ns)
    {
        uint slot = Latencies.SlotOf(ns);
        Latencies.Add(
            !Latencies.ByKey ? Latencies.Find(slot)
                : Latencies.Find(new SlotKey { Slot = slot, Low = PerDisk ? DeviceOf(request) : 0, High = PerFlags ? request->cmd_flags : 0 }), ns);
    }

    /// <summary>A request ends here without being measured.</summary>
    private static void Forget(ulong id, InFlightTable* table)
    {
        if (Find(id, table) != null)
        {
            Drop(id, table);
            PlaceOf(id, table)->Ended++;
        }
    }

    /// <summary>Whether a request counts; asked in the context of its submitter.</summary>
    private static bool IsWanted(Request* request)
    {
        if (OneDisk && DeviceOf(request) != Disk)
        {
            return false;
        }

        return !BySubmitter || TaskFilter.WantsCurrentProcess();
    }

    /// <summary>
    /// Whether a completion is that of a write which asked for flushes and is told of their end. What went to the driver for it, its data and
    /// the flushes, were requests of their own or completed before, and were counted; of this one nothing is left. Any other write has bytes.
    /// https://github.com/torvalds/linux/blob/v6.18/block/blk-flush.c (blk_flush_complete_seq: REQ_FSEQ_DONE)
    /// </summary>
    private static bool IsFlushDone(Request* request) =>
        request->__data_len == 0 && (request->cmd_flags & BioLatencyMode.OperationBits) == BioLatencyMode.OperationWrite;

    /// <summary>The disk of a request as <c>dev_t</c>, 0 for requests that belong to none.</summary>
    private static uint DeviceOf(Request* request)
    {
        GenDisk* disk = Core.FieldExists(((RequestOld*)request)->rq_disk) ? ((RequestOld*)request)->rq_disk : request->q->disk;
        // Where there is none: a load through a null pointer that the verifier knows gives 0.
        return ((uint)disk->major << 20) | (uint)disk->first_minor;
    }
}
