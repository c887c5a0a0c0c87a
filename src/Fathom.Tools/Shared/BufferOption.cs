using System.Globalization;
using System.Numerics;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.Shared;

/// <summary>The size of the buffer between the kernel and a tool.</summary>
internal static class BufferOption
{
    private const int PageBytes = 4096;

    // 512 MB: more would be a mistake, and the kernel keeps all of it in memory.
    private const int MostPages = 131_072;
    private const string Name = "--buffer-pages";

    /// <summary>The option.</summary>
    public static ToolOption Pages(int usual) => new(Name, 'b', "PAGES", $"Room for events in pages of 4 KB; {usual} by default.");

    /// <summary>Bytes of the buffer: a power of two.</summary>
    /// <exception cref="BadArgumentException">It is no size.</exception>
    public static int Bytes(ToolRequest request, int usual, int least = 1)
    {
        if (!request.Options.TryGetValue(Name, out string? text))
        {
            return usual * PageBytes;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pages) && pages >= least && pages <= MostPages
            ? (int)BitOperations.RoundUpToPowerOf2((uint)pages) * PageBytes
            : throw new BadArgumentException($"the buffer must have {least} to {MostPages} pages, but {Name} is '{text}'");
    }
}
