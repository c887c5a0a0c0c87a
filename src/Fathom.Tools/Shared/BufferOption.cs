using System.Numerics;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared;

/// <summary>The size of the buffer between the kernel and a tool.</summary>
internal static class BufferOption
{
    private const int PageBytes = 4096;

    // 512 MB: more would be a mistake, and the kernel keeps all of it in memory.
    private const int MostPages = 131_072;
    private const int LeastStep = 128 * 1024;

    /// <summary>The option.</summary>
    public static Option<int> Pages(int usual, int least = 1) =>
        new("--buffer-pages", 'b', WholeNumber.Between("PAGES", least, MostPages), $"Room for events in pages of 4 KB; {usual} by default.", usual);

    /// <summary>
    /// The bits of a position in the buffer that change where its reader is to be woken: eight times while it is filled. A wake-up costs as much as a
    /// hundred events, so that small buffers have none.
    /// </summary>
    /// <param name="bytes">Bytes of the buffer.</param>
    public static ulong WakeBits(int bytes) => bytes / 8 >= LeastStep ? ~((ulong)(bytes / 8) - 1) : 0;

    /// <summary>Bytes of the buffer: a power of two.</summary>
    public static int Bytes(int pages) => (int)BitOperations.RoundUpToPowerOf2((uint)pages) * PageBytes;
}
