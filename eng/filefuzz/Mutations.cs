using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Fathom.FileFuzzing;

/// <summary>Changes of good inputs: of the fields of binary files, of the lines and numbers of texts, and of bytes.</summary>
internal static class Mutations
{
    private const int LargestInput = 1 << 20;
    private const string Signs = " \t\n:()[]=<>,;*?\\\0_@%$-+";

    private static readonly string[] s_numbers =
        ["0", "1", "-1", "7", "63", "64", "255", "65535", "65536", "2147483647", "-2147483648", "4294967295", "4294967296", "9223372036854775807", "18446744073709551615", "99999999999999999999", "0x", "0xffffffffffffffff"];

    /// <summary>Changes a binary file whose fields are known.</summary>
    public static byte[] Binary(Dice dice, byte[] good, IReadOnlyList<(int At, int Width)> fields)
    {
        byte[] file = (byte[])good.Clone();
        for (int changes = 1 + dice.Below(5); changes > 0; changes--)
        {
            switch (dice.Below(12))
            {
                case < 6:
                    Set(file, fields[dice.Below(fields.Count)], dice, fields);
                    break;
                case 6:
                    // One of the same width, as an offset or index that another record has.
                    (int At, int Width) from = fields[dice.Below(fields.Count)];
                    (int At, int Width) to = fields[dice.Below(fields.Count)];
                    if (from.Width == to.Width)
                    {
                        file.AsSpan(from.At, from.Width).CopyTo(file.AsSpan(to.At));
                    }

                    break;
                case 7:
                    // A whole record over another.
                    int length = Math.Min(12 + dice.Below(64), file.Length);
                    file.AsSpan(fields[dice.Below(fields.Count)].At is var source && source + length <= file.Length ? source : 0, length).ToArray()
                        .CopyTo(file.AsSpan(fields[dice.Below(fields.Count)].At is var target && target + length <= file.Length ? target : 0));
                    break;
                case 8:
                    file[dice.Below(file.Length)] = (byte)dice.Next();
                    break;
                case 9:
                    file[dice.Below(file.Length)] ^= (byte)(1 << dice.Below(8));
                    break;
                case 10:
                    int start = dice.Below(file.Length);
                    file.AsSpan(start, Math.Min(dice.Below(64), file.Length - start)).Fill(dice.OneIn(2) ? (byte)0 : (byte)0xff);
                    break;
                default:
                    return dice.OneIn(4) ? file[..dice.Below(file.Length)] : dice.OneIn(64) ? Blow(dice, file) : file;
            }
        }

        return file;
    }

    /// <summary>Changes a text.</summary>
    public static byte[] Text(Dice dice, byte[] good)
    {
        List<byte> text = [.. good];
        for (int changes = 1 + dice.Below(6); changes > 0 && text.Count > 0; changes--)
        {
            int at = dice.Below(text.Count);
            switch (dice.Below(11))
            {
                case 0:
                    text[at] = (byte)dice.Next();
                    break;
                case 1:
                    text[at] ^= (byte)(1 << dice.Below(8));
                    break;
                case 2:
                    text.RemoveRange(at, Math.Min(1 + dice.Below(16), text.Count - at));
                    break;
                case 3:
                    text.InsertRange(dice.Below(text.Count), text.GetRange(at, Math.Min(1 + dice.Below(40), text.Count - at)));
                    break;
                case 4:
                    ReplaceNumber(dice, text, at);
                    break;
                case 5:
                    (int start, int end) = Line(text, at);
                    text.RemoveRange(start, end - start);
                    break;
                case 6:
                    (start, end) = Line(text, at);
                    List<byte> line = text.GetRange(start, end - start);
                    text.InsertRange(Line(text, dice.Below(text.Count)).Start, line);
                    break;
                case 7:
                    // The beginning or the end is cut off.
                    text = dice.OneIn(2) ? text.GetRange(at, text.Count - at) : text.GetRange(0, at);
                    break;
                case 8:
                    text.Insert(at, (byte)Signs[dice.Below(Signs.Length)]);
                    break;
                case 9:
                    text[at] = good[dice.Below(good.Length)];
                    break;
                default:
                    if (dice.OneIn(40))
                    {
                        return Blow(dice, [.. text]);
                    }

                    break;
            }
        }

        return [.. text];
    }

    // A part again and again, up to the largest file.
    private static byte[] Blow(Dice dice, byte[] file)
    {
        if (file.Length == 0)
        {
            return file;
        }

        int at = dice.Below(file.Length);
        byte[] part = file.AsSpan(at, Math.Min(1 + dice.Below(200), file.Length - at)).ToArray();
        int wanted = LargestInput >> dice.Below(10);
        List<byte> large = [.. file.AsSpan(0, at)];
        while (large.Count + part.Length + file.Length - at <= wanted)
        {
            large.AddRange(part);
        }

        large.AddRange(file.AsSpan(at));
        return [.. large];
    }

    private static void Set(byte[] file, (int At, int Width) field, Dice dice, IReadOnlyList<(int At, int Width)> fields)
    {
        ulong before = Get(file, field);
        ulong value = dice.Below(12) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => before + 1,
            3 => before - 1,
            4 => (ulong)file.Length - (ulong)dice.Below(9),
            5 => 0x7fffffff + (ulong)dice.Below(2),
            6 => before * 2,
            7 => (ulong)dice.Below(256),
            8 => (ulong)dice.Below(file.Length),
            9 => Get(file, fields[dice.Below(fields.Count)]),
            10 => before ^ (1UL << dice.Below(64)),
            _ => dice.Next(),
        };
        switch (field.Width)
        {
            case 1:
                file[field.At] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(field.At), (ushort)value);
                break;
            case 4:
                BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(field.At), (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(field.At), value);
                break;
        }
    }

    private static ulong Get(byte[] file, (int At, int Width) field) => field.Width switch
    {
        1 => file[field.At],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(field.At)),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(field.At)),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(field.At)),
    };

    private static void ReplaceNumber(Dice dice, List<byte> text, int from)
    {
        int start = text.FindIndex(from, static letter => letter is >= (byte)'0' and <= (byte)'9');
        if (start < 0)
        {
            return;
        }

        int end = start;
        while (end < text.Count && text[end] is >= (byte)'0' and <= (byte)'9')
        {
            end++;
        }

        text.RemoveRange(start, end - start);
        text.InsertRange(start, Encoding.ASCII.GetBytes(s_numbers[dice.Below(s_numbers.Length)]));
    }

    private static (int Start, int End) Line(List<byte> text, int at)
    {
        int start = text.LastIndexOf((byte)'\n', at) + 1;
        int end = text.IndexOf((byte)'\n', Math.Min(at, text.Count - 1));
        return (Math.Min(start, at), end < 0 ? text.Count : end + 1);
    }
}
