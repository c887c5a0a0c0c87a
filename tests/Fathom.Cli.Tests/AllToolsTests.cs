using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Xunit;

namespace Fathom.Cli.Tests;

/// <summary>What holds for the options of every tool.</summary>
public sealed class AllToolsTests
{
    // For each kind of value one of these is none, but for those that may be any text.
    private static readonly string[] s_wrong = ["(", "4294967295", "5", "0", "longer-than-a-command-name", "O_NOTHING"];
    private static readonly string[] s_free = [CommonOptions.Cgroup.Name, CommonOptions.Output.Name];

    public static TheoryData<string> Names => [.. AllTools.Create().Select(static tool => tool.Description.Name)];

    public static TheoryData<string, string> Values =>
        [.. from tool in AllTools.Create() from option in CommonOptions.With(tool.Description) where option.ValueName is not null select (tool.Description.Name, option.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Options_have_a_sentence_and_names_of_their_own(string name)
    {
        IReadOnlyList<ToolOption> options = CommonOptions.With(Find(name).Description);
        Assert.All(options, static option => Assert.Matches(@"^[A-Z].*[^.]\.$", option.Help));
        Assert.All(options, static option => Assert.Matches("^--[a-z][a-z0-9-]+$", option.Name));
        Assert.Equal(options.Count, options.Select(static option => option.Name).Distinct().Count());
        string[] letters = [.. options.Select(static option => option.ShortName).OfType<string>()];
        Assert.Equal(letters.Length, letters.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    [InlineData("doctor")]
    [InlineData("completion")]
    [InlineData("man")]
    public void Help_is_79_columns_wide(string name)
    {
        (int exit, string output, string errors) = InProcess.Run(AllTools.Create(), name, "--help");
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        Assert.All(output.Split('\n'), static line => Assert.True(line.Length < 80, line));
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void A_wrong_value_is_one_sentence(string name, string option)
    {
        ITool tool = Find(name);
        string[] argument = tool.Description.Argument is null ? [] : ["x"];
        foreach (string text in (string[])["", .. s_wrong.Where(text => IsRefused(tool, [$"{option}={text}", .. argument]))])
        {
            (int exit, string output, string errors) = InProcess.Run([tool], [name, $"{option}={text}", .. argument]);
            Assert.Equal((ExitCode.Usage, ""), (exit, output));
            Assert.Matches($@"\Afathom: [^\n]+; see fathom {name} --help\n\z", errors);
        }

        Assert.Equal(!s_free.Contains(option), s_wrong.Any(text => IsRefused(tool, [$"{option}={text}", .. argument])));
    }

    [Fact]
    public void Sentences_are_about_what_was_meant()
    {
        Usage("there is no tool 'bioltency': did you mean biolatency?; see fathom --help", "bioltency");
        Usage("there is no tool 'doctr': did you mean doctor?; see fathom --help", "doctr");
        Usage("there is no option '--milisecond': did you mean --milliseconds?; see fathom biolatency --help", "biolatency", "--milisecond", "1");
        Usage("there is no option '--jsn': did you mean --json?; see fathom doctor --help", "doctor", "--jsn");
        Usage("there is no option '--versoin': did you mean --version?; see fathom --help", "--versoin");
        Usage("--disk chooses a disk, but is '5': to end after that time, write --duration 5; see fathom biolatency --help", "biolatency", "-d", "5");
        Usage("-4 and -6 are mutually exclusive; see fathom tcplife --help", "tcplife", "-4", "-6");
        Usage("-4 and --ipv6 are mutually exclusive; see fathom tcplife --help", "tcplife", "--ipv6", "-4");
        Usage("option -L needs a value: PORT; see fathom tcplife --help", "tcplife", "-4", "-L");
    }

    private static void Usage(string sentence, params string[] arguments) =>
        Assert.Equal((ExitCode.Usage, "", $"fathom: {sentence}\n"), InProcess.Run(AllTools.Create(), arguments));

    private static ITool Find(string name) => AllTools.Create().Single(tool => tool.Description.Name == name);

    private static bool IsRefused(ITool tool, string[] arguments)
    {
        try
        {
            CommandLine.Parse(tool, arguments);
            return false;
        }
        catch (UsageException)
        {
            return true;
        }
    }
}
