using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Fathom.Format.Linux;

namespace Fathom.Interpreter;

// bpf_trace_printk and bpf_snprintf: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/helpers.c (bpf_bprintf_prepare).
public sealed partial class Machine
{
    private ulong TracePrintk(ulong format, ulong size, ulong a, ulong b, ulong c)
    {
        ReadOnlySpan<byte> bytes = Argument(format, (uint)size);
        int end = bytes.IndexOf((byte)0);
        if (end < 0 || Print(bytes.Slice(0, end), [a, b, c]) is not { } text)
        {
            return Negative(Errno.EINVAL);
        }

        State.Trace.Add(text);
        return (ulong)Encoding.UTF8.GetByteCount(text);
    }

    private ulong Snprintf(ulong destination, ulong size, ulong format, ulong data, ulong dataSize)
    {
        Span<byte> to = Argument(destination, (uint)size, write: true);
        if (dataSize % 8 != 0 || dataSize > 12 * 8)
        {
            return Negative(Errno.EINVAL);
        }

        ReadOnlySpan<byte> from = Argument(data, dataSize);
        ulong[] values = new ulong[from.Length / 8];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadUInt64LittleEndian(from.Slice(i * 8));
        }

        if (Print(TextAt(format, int.MaxValue), values) is not { } text)
        {
            return Negative(Errno.EINVAL);
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (to.Length > 0)
        {
            int copied = Math.Min(bytes.Length, to.Length - 1);
            bytes.AsSpan(0, copied).CopyTo(to);
            to[copied] = 0;
        }

        return (ulong)bytes.Length + 1;
    }

    /// <summary>Text in the form of a format; null if that is one that the kernel refuses.</summary>
    private string? Print(ReadOnlySpan<byte> format, ulong[] values)
    {
        StringBuilder text = new();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] is not ((>= (byte)' ' and <= (byte)'~') or (>= (byte)'\t' and <= (byte)'\r')))
            {
                return null;
            }

            if (format[i] != '%')
            {
                text.Append((char)format[i]);
                continue;
            }

            if (++i < format.Length && format[i] == '%')
            {
                text.Append('%');
                continue;
            }

            bool zeros = false;
            bool left = false;
            string sign = "";
            for (; i < format.Length && format[i] is (byte)'0' or (byte)'-' or (byte)'+' or (byte)' '; i++)
            {
                zeros |= format[i] == '0';
                left |= format[i] == '-';
                sign = format[i] == '+' || (format[i] == ' ' && sign.Length == 0) ? ((char)format[i]).ToString() : sign;
            }

            int width = 0;
            for (; i < format.Length && format[i] is >= (byte)'0' and <= (byte)'9'; i++)
            {
                width = Math.Min((width * 10) + format[i] - '0', 4096);
            }

            int longs = 0;
            for (; i < format.Length && format[i] == 'l'; i++)
            {
                longs++;
            }

            if (i == format.Length || next == values.Length || longs > 2)
            {
                return null;
            }

            ulong value = values[next++];
            bool isSigned = format[i] is (byte)'d' or (byte)'i';
            bool isNegative = isSigned && (longs > 0 ? (long)value : (int)value) < 0;
            string? piece = (char)format[i] switch
            {
                'd' or 'i' or 'u' => Narrow(isNegative ? 0 - value : value, longs).ToString(CultureInfo.InvariantCulture),
                'x' => Narrow(value, longs).ToString("x", CultureInfo.InvariantCulture),
                'X' => Narrow(value, longs).ToString("X", CultureInfo.InvariantCulture),
                'p' => value.ToString("x16", CultureInfo.InvariantCulture),
                'c' => ((char)(byte)value).ToString(),
                's' => Encoding.UTF8.GetString(TextAt(value, 512).ToArray()),
                _ => null,
            };
            if (piece is null)
            {
                return null;
            }

            // Zeros stand between the sign and the digits, and only there.
            sign = isNegative ? "-" : isSigned ? sign : "";
            bool isNumber = isSigned || format[i] is (byte)'u' or (byte)'x' or (byte)'X' or (byte)'p';
            piece = sign + (zeros && !left && isNumber ? piece.PadLeft(Math.Max(width - sign.Length, 0), '0') : piece);
            text.Append(left ? piece.PadRight(width) : piece.PadLeft(width));
        }

        return text.ToString();
    }

    private static ulong Narrow(ulong value, int longs) => longs > 0 ? value : (uint)value;

    /// <summary>The bytes before the zero; none where nothing can be read, as in the kernel.</summary>
    private ReadOnlySpan<byte> TextAt(ulong address, int limit)
    {
        int length = 0;
        while (length < limit && _memory.TryGet(address + (ulong)length, 1, write: false, out Span<byte> one))
        {
            if (one[0] == 0)
            {
                break;
            }

            length++;
        }

        return _memory.TryGet(address, length, write: false, out Span<byte> bytes) ? bytes : default;
    }
}
