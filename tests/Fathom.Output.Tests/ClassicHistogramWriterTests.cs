using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Fathom.Output.Histograms;
using Fathom.Output.Text;
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
            ClassicHistogramWriter.AppendPowersOfTwo(actual, rows, head[1], TextLayout.Plain, head.Length > 2);
        }
        else
        {
            ClassicHistogramWriter.AppendLinear(actual, rows, head[1], TextLayout.Plain, head.Length > 2);
        }

        // bcc leaves a bar empty that is shorter than a star.
        Assert.Equal(text[(end + 4)..], Regex.Replace(actual.ToString(), @"\|\.", "| "));
        Assert.DoesNotMatch(@": 0 +\|\.", actual.ToString());
        Assert.DoesNotMatch(@": [1-9][0-9]* +\| ", actual.ToString());
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(81)]
    [InlineData(200)]
    public void Rows_fill_the_line_and_no_more(int columns)
    {
        var layout = new TextLayout { Columns = columns };
        for (int last = 1; last <= 64; last++)
        {
            ulong[] rows = new ulong[65];
            (rows[1], rows[last]) = (1, 1_000);
            var actual = new StringBuilder();
            ClassicHistogramWriter.AppendPowersOfTwo(actual, rows, "usecs", layout);
            string[] lines = actual.ToString().TrimEnd('\n').Split('\n');

            // Twenty digits for each bound leave no room in narrow terminals.
            Assert.All(lines, line => Assert.True(line.Length < columns || (columns == 60 && last > 40), line));
            Assert.Equal(lines[0].IndexOf(" : ", StringComparison.Ordinal), lines[1].IndexOf(" : ", StringComparison.Ordinal));
            Assert.True(lines[^1].Count(static c => c == '*') >= 10, lines[^1]);
        }

        var linear = new StringBuilder();
        ClassicHistogramWriter.AppendLinear(linear, [1, 1_000], "n", layout);
        Assert.All(linear.ToString().Split('\n'), line => Assert.True(line.Length < columns, line));
    }

    [Fact]
    public void One_event_far_out_is_seen()
    {
        var actual = new StringBuilder();
        ulong[] rows = new ulong[15];
        (rows[7], rows[14]) = (1_000_000, 1);
        ClassicHistogramWriter.AppendPowersOfTwo(actual, rows, "usecs", TextLayout.Plain);
        Assert.EndsWith("\n      8192 -> 16383      : 1        |.                                       |\n", actual.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bars_have_colours_where_the_layout_has()
    {
        var actual = new StringBuilder();
        ClassicHistogramWriter.AppendLinear(actual, [1_000, 1, 0], "n", new() { HasColor = true });
        Assert.Contains("|\e[36m" + new string('*', 40) + "\e[0m|\n", actual.ToString(), StringComparison.Ordinal);
        Assert.Contains("|\e[33m.\e[0m" + new string(' ', 39) + "|\n", actual.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bars_do_not_overflow()
    {
        var actual = new StringBuilder();
        ClassicHistogramWriter.AppendLinear(actual, [ulong.MaxValue, ulong.MaxValue / 2], "n", TextLayout.Plain);
        string[] lines = actual.ToString().Split('\n');
        Assert.EndsWith("|" + new string('*', 40) + "|", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("|" + new string('*', 19) + new string(' ', 21) + "|", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_beyond_64_bits_is_refused() => Assert.Throws<ArgumentException>(static () =>
    {
        ulong[] rows = new ulong[66];
        rows[65] = 1;
        ClassicHistogramWriter.AppendPowersOfTwo(new StringBuilder(), rows, "n", TextLayout.Plain);
    });
}
