using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Output.Histograms;
using Xunit;

namespace Fathom.Output.Tests;

public sealed class ClassicHistogramWriterTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Goldens");

    public static IEnumerable<TheoryDataRow<string>> Goldens() =>
        Directory.GetFiles(s_folder, "*.txt").Order(StringComparer.Ordinal).Select(static file => new TheoryDataRow<string>(Path.GetFileName(file)));

    [Theory]
    [MemberData(nameof(Goldens))]
    public void Prints_what_bcc_prints(string golden)
    {
        string text = File.ReadAllText(Path.Combine(s_folder, golden));
        int end = text.IndexOf("---\n", StringComparison.Ordinal);
        string[] input = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] head = input[0].Split(' ');
        ulong[] rows = new ulong[128];
        foreach (string line in input.Skip(1))
        {
            string[] pair = line.Split(' ');
            rows[int.Parse(pair[0], CultureInfo.InvariantCulture)] = ulong.Parse(pair[1], CultureInfo.InvariantCulture);
        }

        var actual = new StringBuilder();
        if (head[0] == "log2")
        {
            ClassicHistogramWriter.AppendPowersOfTwo(actual, rows, head[1], head.Length > 2);
        }
        else
        {
            ClassicHistogramWriter.AppendLinear(actual, rows, head[1], head.Length > 2);
        }

        Assert.Equal(text[(end + 4)..], actual.ToString());
    }

    [Fact]
    public void Bars_do_not_overflow()
    {
        var actual = new StringBuilder();
        ClassicHistogramWriter.AppendLinear(actual, [ulong.MaxValue, ulong.MaxValue / 2], "n");
        string[] lines = actual.ToString().Split('\n');
        Assert.EndsWith("|" + new string('*', 40) + "|", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("|" + new string('*', 19) + new string(' ', 21) + "|", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_beyond_64_bits_is_refused() => Assert.Throws<ArgumentException>(static () =>
    {
        ulong[] rows = new ulong[66];
        rows[65] = 1;
        ClassicHistogramWriter.AppendPowersOfTwo(new StringBuilder(), rows, "n");
    });
}
