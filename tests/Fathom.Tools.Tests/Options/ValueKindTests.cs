using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.RegularExpressions;
using Fathom.Runtime;
using Fathom.Tools.OpenSnoop;
using Fathom.Tools.Options;
using Xunit;

namespace Fathom.Tools.Tests.Options;

public sealed class ValueKindTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("1.5", 1.5)]
    [InlineData("0.001", 0.001)]
    [InlineData("1s", 1)]
    [InlineData("500ms", 0.5)]
    [InlineData("1.5ms", 0.0015)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    [InlineData("99999999", 99_999_999)]
    public void A_time_has_a_unit_or_is_in_seconds(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Read(Duration.Kind, text));

    [Theory]
    [InlineData("soon", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is 'soon'")]
    [InlineData("1x", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is '1x'")]
    [InlineData("1 s", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is '1 s'")]
    [InlineData("s", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is 's'")]
    [InlineData("1e3", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is '1e3'")]
    [InlineData("NaN", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is 'NaN'")]
    [InlineData("1,5", "X must be a time such as 1.5 (seconds), 500ms or 2m, but is '1,5'")]
    [InlineData("0", "X must be at least 1ms, but is '0'")]
    [InlineData("-1s", "X must be at least 1ms, but is '-1s'")]
    [InlineData("0.5ms", "X must be at least 1ms, but is '0.5ms'")]
    [InlineData("28000h", "X must be at most 99999999 seconds, but is '28000h'")]
    public void What_is_no_time(string text, string sentence) => Refused(Duration.Kind, text, sentence);

    [Theory]
    [InlineData("1", 1)]
    [InlineData("007", 7)]
    [InlineData("2147483647", int.MaxValue)]
    public void The_number_of_a_process(string text, int number) => Assert.Equal(number, Read(WholeNumber.Process, text));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.0")]
    [InlineData(" 1")]
    [InlineData("init")]
    [InlineData("2147483648")]
    public void What_is_no_number_of_a_process(string text) => Refused(WholeNumber.Process, text, $"X must be a whole number of 1 or more, but is '{text}'");

    [Theory]
    [InlineData("15", false)]
    [InlineData("16", true)]
    [InlineData("32", true)]
    [InlineData("33", false)]
    public void A_whole_number_has_bounds(string text, bool isOne)
    {
        ValueKind<int> kind = WholeNumber.Between("PAGES", 16, 32);
        if (isOne)
        {
            Assert.Equal(int.Parse(text, CultureInfo.InvariantCulture), Read(kind, text));
        }
        else
        {
            Refused(kind, text, $"X must be a whole number from 16 to 32, but is '{text}'");
        }
    }

    [Theory]
    [InlineData("1%", 0.01)]
    [InlineData("0.5", 0.005)]
    [InlineData("100", 1)]
    [InlineData("off", Percentage.Off)]
    public void A_limit_is_a_share(string text, double share) => Assert.Equal(share, Read(Percentage.Limit, text));

    [Theory]
    [InlineData("0")]
    [InlineData("100.1%")]
    [InlineData("-1")]
    [InlineData("1%%")]
    [InlineData("NaN")]
    [InlineData("%")]
    [InlineData("OFF")]
    public void What_is_no_limit(string text) => Refused(Percentage.Limit, text, $"X must be a percentage above 0 and at most 100, such as 1%, or off, but is '{text}'");

    [Theory]
    [InlineData("22", 22)]
    [InlineData("1,65535", 1, 65535)]
    [InlineData(" 80 , 443 ,", 80, 443)]
    public void Ports_are_separated_by_commas(string text, params int[] ports) => Assert.Equal(ports, Read(ListOf.Ports, text));

    [Theory]
    [InlineData("0", "X must be a whole number from 1 to 65535, but is '0'")]
    [InlineData("80,http", "X must be a whole number from 1 to 65535, but is 'http'")]
    [InlineData("65536", "X must be a whole number from 1 to 65535, but is '65536'")]
    [InlineData(",", "X needs at least one PORT, but is ','")]
    public void What_are_no_ports(string text, string sentence) => Refused(ListOf.Ports, text, sentence);

    [Fact]
    public void A_list_grows_with_each_option()
    {
        var option = new Option<IReadOnlyList<int>>("--port", 'P', ListOf.Ports, "Ports.");
        var values = new OptionValues().Add(option, "80,81", "82");
        Assert.True(values.Has(option));
        Assert.Equal([80, 81, 82], values.Get(option)!);
    }

    [Fact]
    public void What_is_not_given_has_its_default()
    {
        var values = new OptionValues();
        var pages = new Option<int>("--pages", 'b', WholeNumber.Between("PAGES", 1), "Pages.", 17);
        var name = new Option<string>("--name", 'n', Texts.Command, "A name.");
        Assert.Equal((17, null, false), (values.Get(pages), values.Get(name), values.Has(pages)));
        Assert.Equal(19, values.Add(pages, "19").Get(pages));
    }

    [Fact]
    public void Flags_of_open_are_known_by_name()
    {
        Assert.Equal([0x40ul, 0x200], Read(ListOf.Kind(OpenFlags.Kind), "O_CREAT|O_TRUNC"));
        Assert.StartsWith("there is no flag 'o_creat': ", Message(OpenFlags.Kind, "o_creat"), StringComparison.Ordinal);
        Assert.StartsWith("O_RDONLY is not a flag but ", Message(OpenFlags.Kind, "O_RDONLY"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expression_does_not_backtrack()
    {
        Regex read = Read(RegularExpression.Kind, "^a(b|c)+$");
        Assert.Matches(read, "abc");
        Assert.True(read.Options.HasFlag(RegexOptions.NonBacktracking));
        Assert.NotNull(Read(RegularExpression.Kind, new string('a', NamePattern.LongestRegex)));
    }

    [Theory]
    [InlineData("(", "\"(\" is not a valid regular expression: a parenthesis is not closed")]
    [InlineData("(?=a)", "\"(?=a)\" uses a backreference, a lookaround or an atomic group, which are not supported here, or is too large")]
    [InlineData(@"(a)\1", "\"(a)\\1\" uses a backreference, a lookaround or an atomic group, which are not supported here, or is too large")]
    public void What_is_no_expression(string text, string sentence) => Refused(RegularExpression.Kind, text, sentence);

    [Fact]
    public void An_expression_has_a_longest_length() => Refused(
        RegularExpression.Kind, new string('a', NamePattern.LongestRegex + 1), "a regular expression may have 1000 characters, but this one has 1001: choose a shorter one");

    [Fact]
    public void Users_and_namespaces_have_names_and_numbers()
    {
        Assert.Equal(new("root", null), Read(NameOrNumber.User, "root"));
        Assert.Equal(new("0", 0), Read(NameOrNumber.User, "0"));
        Assert.Equal(new("-1", null), Read(NameOrNumber.User, "-1"));
        Refused(NameOrNumber.User, "4294967295", "X is 4294967295, which stands for no user, so nothing would match");
        Assert.Equal(new("blue", null), Read(NameOrNumber.NetworkNamespace, "blue"));
        Assert.Equal(new("4026531840", 4026531840), Read(NameOrNumber.NetworkNamespace, "4026531840"));
        Refused(
            NameOrNumber.NetworkNamespace, "17",
            "no network namespace has the number 17: the kernel begins with 4026531824, and ls -l /proc/PID/ns/net shows that of a process");
    }

    [Theory]
    [InlineData("5")]
    [InlineData("0.5")]
    [InlineData("2s")]
    public void A_disk_is_no_duration(string text) => Refused(Texts.Disk, text, $"X chooses a disk, but is '{text}': to end after that time, write --duration {text}");

    [Fact]
    public void Names_are_taken_as_they_are()
    {
        Assert.Equal("/dev/sda", Read(Texts.Disk, "/dev/sda"));
        Assert.Equal("md0", Read(Texts.Disk, "md0"));
        Assert.Equal("/x y", Read(Texts.Cgroup, "/x y"));
        Assert.Equal("-", Read(Texts.File, "-"));
        Assert.Equal("fifteen bytes  ", Read(Texts.Command, "fifteen bytes  "));
        Refused(Texts.Command, "äöüäöüäö", "X must have at most 15 bytes, because the kernel keeps no more of a command name, but is 'äöüäöüäö'");
    }

    private static T Read<T>(ValueKind<T> kind, string text) => kind.Read("X", text);

    private static string Message<T>(ValueKind<T> kind, string text) => Assert.Throws<UsageException>(() => Read(kind, text)).Message;

    private static void Refused<T>(ValueKind<T> kind, string text, string sentence) => Assert.Equal(sentence, Message(kind, text));
}
