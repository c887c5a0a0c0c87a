using System;
using System.Linq;
using Xunit;

namespace Fathom.Runtime.Tests.Symbols;

/// <summary>Patterns, and the names that somebody may have meant.</summary>
public sealed class NamePatternTests
{
    [Theory]
    [InlineData("vfs_read", "vfs_read", true)]
    [InlineData("vfs_read", "vfs_read2", false)]
    [InlineData("vfs_read", "xvfs_read", false)]
    [InlineData("vfs_*", "vfs_", true)]
    [InlineData("vfs_*", "vfs_read", true)]
    [InlineData("vfs_*", "xvfs_read", false)]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("**", "anything", true)]
    [InlineData("*read*", "vfs_readv", true)]
    [InlineData("*read", "vfs_readv", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("?", "a", true)]
    [InlineData("?", "", false)]
    [InlineData("tcp_v[46]_*", "tcp_v4_connect", true)]
    [InlineData("tcp_v[46]_*", "tcp_v5_connect", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[!a-c]x", "dx", true)]
    [InlineData("[^a-c]x", "ax", false)]
    [InlineData("[]]", "]", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("a[", "a[", true)]
    [InlineData("a[b", "a[b", true)]
    [InlineData("f(char\\*)", "f(char*)", true)]
    [InlineData("f(char\\*)", "f(chars)", false)]
    [InlineData("a\\", "a\\", true)]
    [InlineData("operator[]", "operator[]", true)]
    [InlineData("a.b", "axb", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    public void A_glob_is_for_the_whole_name(string glob, string name, bool matches) => Assert.Equal(matches, NamePattern.Parse(glob).IsMatch(name));

    [Theory]
    [InlineData("vfs_.*", "vfs_read", true)]
    [InlineData("vfs_", "vfs_read", true)]
    [InlineData("read", "vfs_read", false)]
    [InlineData("a|b", "xb", false)]
    [InlineData("a|b", "bx", true)]
    [InlineData("^vfs_(read|write)$", "vfs_write", true)]
    [InlineData("^vfs_(read|write)$", "vfs_writev", false)]
    public void A_regular_expression_is_for_the_beginning(string text, string name, bool matches) =>
        Assert.Equal(matches, NamePattern.Parse(text, isRegex: true).IsMatch(name));

    [Theory]
    [InlineData("(", "\"(\" is not a valid regular expression: a parenthesis is not closed.")]
    [InlineData("a)", "\"a)\" is not a valid regular expression: the parenthesis at character 2 was not opened.")]
    [InlineData("[a", "\"[a\" is not a valid regular expression: a bracket is not closed.")]
    [InlineData("*a", "\"*a\" is not a valid regular expression: there is nothing to repeat at character 1.")]
    [InlineData("a)|(b", "\"a)|(b\" is not a valid regular expression: the parenthesis at character 2 was not opened.")]
    [InlineData("(?=a)", "\"(?=a)\" uses a backreference, a lookaround or an atomic group, which are not supported here, or is too large.")]
    public void What_is_no_regular_expression_is_said(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => NamePattern.Parse(text, isRegex: true)).Message);

    [Fact]
    public void A_regular_expression_without_end_is_refused_at_once()
    {
        Assert.True(NamePattern.Parse(new string('a', NamePattern.LongestRegex), isRegex: true).IsMatch(new string('a', NamePattern.LongestRegex)));
        Assert.Equal(
            "a regular expression may have 1000 characters, but this one has 500000: choose a shorter one.",
            Assert.Throws<FormatException>(static () => NamePattern.Parse(string.Concat(Enumerable.Repeat("(a|b)+c{3}", 50_000)), isRegex: true)).Message);
    }

    [Fact]
    public void One_name_is_known_as_such()
    {
        Assert.Equal("vfs_read", NamePattern.Parse("vfs_read").Literal);
        Assert.Null(NamePattern.Parse("vfs_*").Literal);
        Assert.Null(NamePattern.Parse("vfs_read", isRegex: true).Literal);
    }

    [Fact]
    public void Many_stars_take_no_time()
    {
        string name = new('a', 2_000);
        Assert.False(NamePattern.Parse(string.Concat(Enumerable.Repeat("*a", 500)) + "b").IsMatch(name));
        Assert.False(NamePattern.Parse("(a*)*b", isRegex: true).IsMatch(name));
    }

    [Theory]
    [InlineData("vfs_raed", "vfs_read")]
    [InlineData("vfs_rea", "vfs_read")]
    [InlineData("VFS_READ", "vfs_read")]
    [InlineData("vfs_reed", "vfs_read")]
    [InlineData("tcp_sendmessage", "tcp_sendmsg")]
    [InlineData("malloc", "__libc_malloc")]
    public void The_nearest_name_comes_first(string wanted, string expected)
    {
        string[] names = ["vfs_read", "vfs_readv", "vfs_write", "tcp_sendmsg", "tcp_recvmsg", "__libc_malloc", "a", "free"];
        Assert.Equal(expected, Suggestions.Nearest(wanted, names, 3)[0]);
    }

    [Fact]
    public void What_is_far_is_no_suggestion()
    {
        Assert.Empty(Suggestions.Nearest("xyzzy", ["vfs_read", "tcp_sendmsg", "a", "xy"], 3));
        Assert.Empty(Suggestions.Nearest("", ["a"], 3));
        Assert.Empty(Suggestions.Nearest("vfs_read", ["vfs_reae"], 0));
        Assert.Empty(Suggestions.Nearest(new string('a', 65), [new string('a', 64)], 3));
        Assert.Equal(["ab", "abc"], Suggestions.Nearest("ab", ["abc", "ab", "ab", "abc"], 5));
        Assert.Equal(["größe"], Suggestions.Nearest("größe", ["größe", "grosse"], 1));
    }

    [Fact]
    public void Distances_are_those_of_the_table()
    {
        Random random = new(20);
        for (int i = 0; i < 3_000; i++)
        {
            string a = Word(random);
            string b = Word(random);
            bool isNear = Suggestions.Nearest(a, [b], 1).Count == 1;
            bool contains = a.Length >= 3 && b.Contains(a, StringComparison.Ordinal);
            Assert.Equal(contains || Distance(a, b) <= Math.Clamp(a.Length / 3, 1, 4), isNear);
        }
    }

    private static string Word(Random random) => string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => (char)('a' + random.Next(3))));

    // Edit distance with swaps of neighbours, a cell at a time.
    private static int Distance(string a, string b)
    {
        int[,] cells = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cells[i, j] = i + j;
                    continue;
                }

                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                cells[i, j] = Math.Min(Math.Min(cells[i - 1, j], cells[i, j - 1]) + 1, cells[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cells[i, j] = Math.Min(cells[i, j], cells[i - 2, j - 2] + 1);
                }
            }
        }

        return cells[a.Length, b.Length];
    }
}
