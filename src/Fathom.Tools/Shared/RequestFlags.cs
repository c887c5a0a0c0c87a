using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Fathom.Tools.Shared;

/// <summary>
/// Names the <c>cmd_flags</c> of a block request, such as <c>Sync-Write</c>. What the numbers mean is told by the kernel that is traced;
/// here are only the names that people know.
/// </summary>
/// <remarks>
/// The low bits are one of <c>enum req_op</c> and each bit above is one of <c>enum req_flag_bits</c>
/// (https://github.com/torvalds/linux/blob/v6.18/include/linux/blk_types.h). Their numbers have changed from kernel to kernel.
/// </remarks>
internal sealed class RequestFlags
{
    private const string OperationPrefix = "REQ_OP_";
    private const string FlagPrefix = "__REQ_";

    private static readonly Dictionary<string, string> s_operations = new(StringComparer.Ordinal)
    {
        ["WRITE_ZEROES"] = "WriteZeros",
    };

    // In the order in which they stand before the operation, the outermost first.
    private static readonly (string Kernel, string Shown)[] s_flags =
    [
        ("NOWAIT", "NoWait"),
        ("BACKGROUND", "Background"),
        ("RAHEAD", "ReadAhead"),
        ("IDLE", "Idle"),
        ("NOMERGE", "NoMerge"),
        ("PRIO", "Priority"),
        ("FUA", "ForcedUnitAccess"),
        ("META", "Metadata"),
        ("SYNC", "Sync"),
    ];

    private readonly Dictionary<ulong, string> _operations = [];
    private readonly List<(ulong Mask, string Name)> _flags = [];
    private readonly ulong _operationMask;

    /// <summary>Names for the numbers of a kernel.</summary>
    /// <param name="operations">The enumerators of <c>enum req_op</c> (<c>req_opf</c> before Linux 6.0).</param>
    /// <param name="flagBits">The enumerators of <c>enum req_flag_bits</c>: numbers of bits.</param>
    public RequestFlags(IEnumerable<(string Name, ulong Value)> operations, IEnumerable<(string Name, ulong Value)> flagBits)
    {
        foreach ((string name, ulong value) in operations)
        {
            if (name.StartsWith(OperationPrefix, StringComparison.Ordinal) && name != "REQ_OP_LAST")
            {
                string word = name[OperationPrefix.Length..];
                _operations.TryAdd(value, s_operations.GetValueOrDefault(word) ?? Pretty(word));
            }
        }

        (string Word, ulong Bit)[] bits =
        [
            .. flagBits
                .Where(static flag => flag.Name.StartsWith(FlagPrefix, StringComparison.Ordinal) && flag.Name != "__REQ_NR_BITS" && flag.Value < 64)
                .Select(static flag => (flag.Name[FlagPrefix.Length..], flag.Value))
                .OrderByDescending(static flag => flag.Value),
        ];

        // The flags begin where the operation ends: that is REQ_OP_BITS, a macro, which the kernel's type information does not have.
        _operationMask = (1UL << (bits.Length > 0 ? (int)bits[^1].Bit : 8)) - 1;
        foreach ((string word, ulong bit) in bits)
        {
            if (!Array.Exists(s_flags, flag => flag.Kernel == word))
            {
                _flags.Add((1UL << (int)bit, Pretty(word)));
            }
        }

        foreach ((string kernel, string shown) in s_flags)
        {
            int at = Array.FindIndex(bits, flag => flag.Word == kernel);
            if (at >= 0)
            {
                _flags.Add((1UL << (int)bits[at].Bit, shown));
            }
        }
    }

    /// <summary>The name of some flags: prefixes and the operation, joined by dashes. A bit without a name is shown by its number.</summary>
    public string Name(ulong flags)
    {
        var name = new StringBuilder();
        ulong unknown = flags & ~_operationMask;
        foreach ((ulong mask, _) in _flags)
        {
            unknown &= ~mask;
        }

        for (int bit = 63; bit >= 0; bit--)
        {
            if ((unknown >> bit & 1) != 0)
            {
                name.Append(CultureInfo.InvariantCulture, $"Bit{bit}-");
            }
        }

        foreach ((ulong mask, string flag) in _flags)
        {
            if ((flags & mask) != 0)
            {
                name.Append(flag).Append('-');
            }
        }

        ulong operation = flags & _operationMask;
        return name.Append(_operations.GetValueOrDefault(operation) ?? "Op" + operation.ToString(CultureInfo.InvariantCulture)).ToString();
    }

    // SECURE_ERASE becomes SecureErase.
    private static string Pretty(string word) => string.Concat(word
        .Split('_', StringSplitOptions.RemoveEmptyEntries)
        .Select(static part => part[..1].ToUpperInvariant() + part[1..].ToLowerInvariant()));
}
