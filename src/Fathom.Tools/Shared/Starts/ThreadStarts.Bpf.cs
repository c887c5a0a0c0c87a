using System.Runtime.CompilerServices;
using System.Threading;
using Fathom.Bpf;

namespace Fathom.Tools.Shared.Starts;

/// <summary>Since when threads are at something, such as waiting for a CPU.</summary>
/// <remarks>
/// The low bits of a thread's number name a row of the table, which is a cache line and has room for four threads: no helper call, lock or allocation.
/// The kernel lets the events of one thread happen one after another; two threads of one row may do so at once, and each then has a place of its own,
/// unless both took the same one in the same nanoseconds. Then one of them has no start.
/// </remarks>
[BpfPart]
internal static unsafe partial class ThreadStarts
{
    /// <summary>The starts.</summary>
    internal static StartTable Starts;

    // In a start: it goes on, and what looks like its beginning is none.
    private const ulong GoesOn = 1UL << 63;

    /// <summary>Starts that found no room.</summary>
    [Loss("crowded", "times not measured, because so many threads are measured at once that there is no room for their starts")]
    internal static ulong Crowded;

    /// <summary>Something begins now for a thread, or begins anew.</summary>
    /// <param name="thread">Its number; not 0.</param>
    public static void Begin(uint thread) => Begin(thread, Helpers.KtimeGetNs());

    /// <summary>Something has begun at a time for a thread, or begins anew.</summary>
    /// <param name="thread">Its number; not 0.</param>
    /// <param name="now">The time, in ns since boot.</param>
    public static void Begin(uint thread, ulong now)
    {
        fixed (StartTable* table = &Starts)
        {
            StartRow* row = RowOf(thread, table);
            if (row->IsFree)
            {
                row->Starts[0] = now;
                row->Threads[0] = thread;
                return;
            }

            int place = StartRow.Length;
            for (int i = StartRow.Length - 1; i >= 0; i--)
            {
                if (row->Threads[i] == thread)
                {
                    row->Starts[i] = (row->Starts[i] & GoesOn) != 0 ? row->Starts[i] & ~GoesOn : now;
                    return;
                }

                place = row->Threads[i] == 0 ? i : place;
            }

            if (place < StartRow.Length)
            {
                row->Starts[place] = now;
                row->Threads[place] = thread;
            }
            else
            {
                Interlocked.Increment(ref Crowded);
            }
        }
    }

    /// <summary>It ends for a thread.</summary>
    /// <param name="thread">Its number; not 0.</param>
    /// <returns>When it began, in ns since boot; 0 if that was not seen.</returns>
    public static ulong End(uint thread)
    {
        fixed (StartTable* table = &Starts)
        {
            StartRow* row = RowOf(thread, table);
            for (int i = 0; i < StartRow.Length; i++)
            {
                if (row->Threads[i] == thread)
                {
                    ulong start = row->Starts[i] & ~GoesOn;
                    row->Threads[i] = 0;
                    return start;
                }
            }

            return 0;
        }
    }

    /// <summary>What has begun for a thread seems to end and to begin again, and does not: its start stays.</summary>
    /// <param name="thread">Its number; not 0.</param>
    public static void GoOn(uint thread)
    {
        fixed (StartTable* table = &Starts)
        {
            StartRow* row = RowOf(thread, table);
            for (int i = 0; i < StartRow.Length; i++)
            {
                if (row->Threads[i] == thread)
                {
                    row->Starts[i] |= GoesOn;
                    return;
                }
            }
        }
    }

    private static StartRow* RowOf(uint thread, StartTable* table) =>
        (StartRow*)((byte*)table + ((ulong)(thread & (StartTable.Length - 1)) * StartRow.Size));
}

/// <summary>The threads whose numbers end alike.</summary>
internal unsafe struct StartRow
{
    /// <summary>Bytes of this struct: a cache line.</summary>
    public const uint Size = 64;

    /// <summary>For how many there is room.</summary>
    public const int Length = 4;

    /// <summary>Their numbers; 0 where a place is free.</summary>
    public fixed uint Threads[Length];

    /// <summary>When it began for each, in ns since boot.</summary>
    public fixed ulong Starts[Length];

    private fixed ulong _rest[2];

    /// <summary>Whether nobody has a place, which is so nearly always: asked at once.</summary>
    public bool IsFree
    {
        get
        {
            fixed (uint* threads = Threads)
            {
                return (((ulong*)threads)[0] | ((ulong*)threads)[1]) == 0;
            }
        }
    }
}

/// <summary>The starts of all threads: 256 KB.</summary>
[InlineArray((int)Length)]
internal struct StartTable
{
    /// <summary>How many rows there are.</summary>
    public const uint Length = 4_096;

    private StartRow _first;
}
