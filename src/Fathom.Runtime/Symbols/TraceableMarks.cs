using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Fathom.Runtime;

/// <summary>Which symbols of a table are functions that can be probed, as the kernel's lists are read one after the other.</summary>
internal sealed class TraceableMarks
{
    // How far behind its beginning a function's patch site may lie: an endbr64 (4 bytes) on x86-64, a bti and saved registers on arm64.
    private const ulong FarthestPatchSite = 16;

    private readonly KernelSymbolTable _table;
    private int[]? _byAddress;

    public TraceableMarks(KernelSymbolTable table)
    {
        _table = table;
        Values = new bool[table.Count];
    }

    public bool[] Values { get; }

    private static ReadOnlySpan<byte> InvalidPrefix => "__ftrace_invalid_address__"u8;

    /// <summary>
    /// Lines of an address and a name. The address is that of the patch site:
    /// https://github.com/torvalds/linux/blob/v6.18/Documentation/trace/ftrace.rst (available_filter_functions_addrs)
    /// </summary>
    public void AddByAddress(ReadOnlySpan<byte> lines)
    {
        while (TakeLine(ref lines, out ReadOnlySpan<byte> line))
        {
            int space = line.IndexOf((byte)' ');
            if (space > 0
                && !line[(space + 1)..].StartsWith(InvalidPrefix)
                && ulong.TryParse(line[..space], NumberStyles.AllowHexSpecifier, null, out ulong address))
            {
                MarkAt(address);
            }
        }
    }

    /// <summary>Lines of a name and, in brackets, a module.</summary>
    public void AddByName(ReadOnlySpan<byte> lines)
    {
        HashSet<string> names = new(Math.Min(64_000, lines.Length / 16), StringComparer.Ordinal);
        while (TakeLine(ref lines, out ReadOnlySpan<byte> line))
        {
            if (!line.IsEmpty && !line.StartsWith(InvalidPrefix))
            {
                names.Add(Encoding.UTF8.GetString(line));
            }
        }

        Mark(names, true);
    }

    /// <summary>Guesses. The regions are those that the kernel itself forbids, and that of its start, which is gone:
    /// https://github.com/torvalds/linux/blob/v6.18/kernel/kprobes.c (populate_kprobe_blacklist)</summary>
    public void AddBySymbols()
    {
        ulong start = _table.Find("_stext"u8);
        ulong end = _table.Find("_etext"u8);
        (ulong Start, ulong End)[] forbidden =
        [
            (_table.Find("_sinittext"u8), _table.Find("_einittext"u8)),
            (_table.Find("__noinstr_text_start"u8), _table.Find("__noinstr_text_end"u8)),
            (_table.Find("__entry_text_start"u8), _table.Find("__entry_text_end"u8)),
            (_table.Find("__kprobes_text_start"u8), _table.Find("__kprobes_text_end"u8)),
        ];
        for (int i = 0; i < Values.Length; i++)
        {
            ulong address = _table.Address(i);
            string module = _table.Module(i);
            bool isKernel = module.Length == 0;
            Values[i] = _table.IsFunction(i)
                && module is not "bpf"
                && !module.StartsWith("__builtin__", StringComparison.Ordinal)
                && !NameSaysNo(_table.Name(i))
                && (!isKernel || address == 0 || end == 0 || (address >= start && address < end))
                && !(isKernel && address != 0 && Array.Exists(forbidden, region => address >= region.Start && address < region.End));
        }
    }

    /// <summary>
    /// Lines of the form <c>0xstart-0xend\tname [module]</c>; the addresses are 0 where they are hidden:
    /// https://github.com/torvalds/linux/blob/v6.18/kernel/kprobes.c (kprobe_blacklist_seq_show)
    /// </summary>
    public void RemoveBlacklisted(ReadOnlySpan<byte> lines)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        List<(ulong Start, ulong End)> ranges = [];
        while (TakeLine(ref lines, out ReadOnlySpan<byte> line))
        {
            int tab = line.IndexOf((byte)'\t');
            int dash = line.IndexOf((byte)'-');
            if (tab < 0 || dash < 2 || dash + 3 > tab || !line.StartsWith("0x"u8))
            {
                continue;
            }

            bool hasRange = ulong.TryParse(line[2..dash], NumberStyles.AllowHexSpecifier, null, out ulong start)
                & ulong.TryParse(line[(dash + 3)..tab], NumberStyles.AllowHexSpecifier, null, out ulong end);
            if (hasRange && start != 0 && !_table.AreHidden)
            {
                ranges.Add((start, Math.Max(end, start + 1)));
            }
            else
            {
                names.Add(Encoding.UTF8.GetString(line[(tab + 1)..]));
            }
        }

        RemoveRanges(ranges);
        if (names.Count > 0)
        {
            Mark(names, false);
        }
    }

    // From the lowest on, so that what lies in many of them is looked at once.
    private void RemoveRanges(List<(ulong Start, ulong End)> ranges)
    {
        ranges.Sort();
        int next = 0;
        foreach ((ulong start, ulong end) in ranges)
        {
            for (next = Math.Max(next, FirstFrom(start)); next < ByAddress.Length && _table.Address(ByAddress[next]) < end; next++)
            {
                Values[ByAddress[next]] = false;
            }
        }
    }

    private int[] ByAddress => _byAddress ??= SortByAddress();

    private static bool TakeLine(ref ReadOnlySpan<byte> lines, out ReadOnlySpan<byte> line)
    {
        int end = lines.IndexOf((byte)'\n');
        line = end < 0 ? lines : lines[..end];
        bool any = !lines.IsEmpty;
        lines = end < 0 ? default : lines[(end + 1)..];
        return any;
    }

    // Padding before functions, thunks of the compiler, parts of functions that are jumped to instead of called, and marks of regions.
    public static bool NameSaysNo(ReadOnlySpan<byte> name) =>
        name.StartsWith("__pfx_"u8)
        || name.StartsWith("__cfi_"u8)
        || name.StartsWith(InvalidPrefix)
        || name.StartsWith("__x86_indirect_"u8)
        || name.StartsWith("__x86_return_"u8)
        || name.StartsWith("__SCT__"u8)
        || name.IndexOf(".cold"u8) > 0
        || name.EndsWith("_text_start"u8)
        || name.EndsWith("_text_end"u8)
        || name.SequenceEqual("_stext"u8)
        || name.SequenceEqual("_text"u8)
        || name.SequenceEqual("_etext"u8);

    private void MarkAt(ulong patchSite)
    {
        // The last function that begins at the site or shortly before it, with all its names.
        int at = FirstFrom(patchSite + 1) - 1;
        if (at < 0 || patchSite - _table.Address(ByAddress[at]) > FarthestPatchSite || Values[ByAddress[at]])
        {
            return;
        }

        ulong address = _table.Address(ByAddress[at]);
        for (; at >= 0 && _table.Address(ByAddress[at]) == address; at--)
        {
            Values[ByAddress[at]] = true;
        }
    }

    private void Mark(HashSet<string> names, bool value)
    {
        HashSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup = names.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> buffer = stackalloc char[KernelSymbolTable.LongestName * 2];
        for (int i = 0; i < Values.Length; i++)
        {
            if (!_table.IsFunction(i))
            {
                continue;
            }

            int length = _table.CopyName(i, buffer[..KernelSymbolTable.LongestName]);
            string module = _table.Module(i);
            if (module.Length > 0)
            {
                " [".CopyTo(buffer[length..]);
                module.CopyTo(buffer[(length + 2)..]);
                length += module.Length + 3;
                buffer[length - 1] = ']';
            }

            Values[i] = lookup.Contains(buffer[..length]) ? value : Values[i];
        }
    }

    private int FirstFrom(ulong address)
    {
        int low = 0;
        int high = ByAddress.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_table.Address(ByAddress[middle]) < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private int[] SortByAddress()
    {
        List<int> order = new(Values.Length);
        for (int i = 0; i < Values.Length; i++)
        {
            if (_table.IsFunction(i))
            {
                order.Add(i);
            }
        }

        int[] result = [.. order];
        Array.Sort(result, (a, b) => _table.Address(a).CompareTo(_table.Address(b)));
        return result;
    }
}
