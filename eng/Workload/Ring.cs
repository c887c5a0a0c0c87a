using System;

namespace Fathom.Workloads;

/// <summary>Opens a file by a request of io_uring.</summary>
internal static unsafe class Ring
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/io_uring.h
    private const int ParametersBytes = 120, EntryBytes = 64;
    private const long OffsetSubmissions = 0, OffsetEntries = 0x1000_0000, OffsetCompletions = 0x800_0000;
    private const int OpenAtOperation = 18, GetEvents = 1;
    private const byte Link = 1 << 2, SkipSuccess = 1 << 6;

    /// <summary>Opens a file, and gives what the completion says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="silent">Whether it has no completion if it succeeds; then 0 is given.</param>
    public static int Open(string path, bool silent = false)
    {
        byte* parameters = stackalloc byte[ParametersBytes];
        new Span<byte>(parameters, ParametersBytes).Clear();
        int ring = Libc.Check(Libc.Call(Libc.RingSetup, 4, (long)parameters));
        byte* submissions = Map(ring, 4096, OffsetSubmissions);
        byte* completions = Map(ring, 4096, OffsetCompletions);
        byte* entries = Map(ring, 4 * EntryBytes, OffsetEntries);

        // The offsets of head, tail, mask, ... that the kernel has filled in: of submissions from byte 40 on, of completions from 80.
        uint* sq = (uint*)(parameters + 40), cq = (uint*)(parameters + 80);
        new Span<byte>(entries, 2 * EntryBytes).Clear();
        entries[0] = OpenAtOperation;

        // What it is linked to does nothing, and completes if it succeeds; if it fails, it completes alone.
        entries[1] = silent ? (byte)(SkipSuccess | Link) : (byte)0;
        uint count = silent ? 2u : 1;
        *(int*)(entries + 4) = -100;
        *(long*)(entries + 16) = Libc.Text(path);
        *(uint*)(submissions + sq[6]) = 0;
        *(uint*)(submissions + sq[6] + 4) = 1;
        *(uint*)(submissions + sq[1]) += count;
        Libc.Check(Libc.Call(Libc.RingEnter, ring, count, 1, GetEvents));
        return *(int*)(completions + cq[5] + 8);
    }

    private static byte* Map(int ring, nuint bytes, long offset)
    {
        byte* memory = Libc.Map(null, bytes, 3, 0x8001, ring, (nint)offset);
        return memory == (byte*)-1 ? throw new InvalidOperationException("The ring could not be mapped.") : memory;
    }
}
