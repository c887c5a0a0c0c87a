using System.Collections.Generic;
using System.Text;

namespace Fathom.Format.Names;

/// <summary>Text in other scripts as letters and digits: https://www.rfc-editor.org/rfc/rfc3492, with an underscore as the delimiter.</summary>
internal static class Punycode
{
    private const int Base = 36;
    private const int Least = 1;
    private const int Most = 26;
    private const int Longest = 256;

    /// <summary>The text; null if it is none, or too long.</summary>
    public static string? Decode(string encoded)
    {
        int delimiter = encoded.LastIndexOf('_');
        if (encoded.Length > Longest)
        {
            return null;
        }

        List<int> runes = [];
        for (int i = 0; i < delimiter; i++)
        {
            if (encoded[i] >= 0x80)
            {
                return null;
            }

            runes.Add(encoded[i]);
        }

        long rune = 0x80;
        long place = 0;
        int bias = 72;
        int at = delimiter + 1;
        if (at == encoded.Length)
        {
            return null;
        }

        while (at < encoded.Length)
        {
            long before = place;
            long weight = 1;
            for (int k = Base; ; k += Base)
            {
                int digit = at < encoded.Length ? encoded[at++] switch
                {
                    >= 'a' and <= 'z' and var letter => letter - 'a',
                    >= 'A' and <= 'Z' and var letter => letter - 'A',
                    >= '0' and <= '9' and var letter => letter - '0' + 26,
                    _ => -1,
                } : -1;
                place += digit * weight;
                if (digit < 0 || place > int.MaxValue)
                {
                    return null;
                }

                int threshold = k <= bias ? Least : k >= bias + Most ? Most : k - bias;
                if (digit < threshold)
                {
                    break;
                }

                weight *= Base - threshold;
                if (weight > int.MaxValue)
                {
                    return null;
                }
            }

            int count = runes.Count + 1;
            bias = Adapt(place - before, count, before == 0);
            rune += place / count;
            place %= count;
            if (rune is > 0x10ffff or (>= 0xd800 and < 0xe000))
            {
                return null;
            }

            runes.Insert((int)place++, (int)rune);
        }

        StringBuilder text = new();
        foreach (int letter in runes)
        {
            text.Append(char.ConvertFromUtf32(letter));
        }

        return text.ToString();
    }

    private static int Adapt(long delta, int count, bool first)
    {
        delta = first ? delta / 700 : delta / 2;
        delta += delta / count;
        int k = 0;
        while (delta > (Base - Least) * Most / 2)
        {
            delta /= Base - Least;
            k += Base;
        }

        return k + (int)((Base - Least + 1) * delta / (delta + 38));
    }
}
