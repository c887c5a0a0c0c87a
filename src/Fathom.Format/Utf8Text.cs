using System;
using System.Text;

namespace Fathom.Format;

/// <summary>UTF-8 to text on every target framework.</summary>
internal static class Utf8Text
{
    public static unsafe string Decode(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        // SAFETY: the span is pinned for the call, and its length is passed along. netstandard2.0 has no overload for spans.
        fixed (byte* start = utf8)
        {
            return Encoding.UTF8.GetString(start, utf8.Length);
        }
    }
}
