using System;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Fathom.Cli.Tests;

public sealed class ManPageTests
{
    public static TheoryData<string> Pages => ["", .. AllTools.Create().Select(static tool => tool.Description.Name), "doctor", "completion", "man"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Groff_has_nothing_to_say(string page)
    {
        (int exit, string output, string errors) = Installed.Run("groff", Print(page), ["-man", "-ww", "-Tascii", "-P-c"]);
        Assert.Equal((0, ""), (exit, errors));
        Assert.Contains(page.Length == 0 ? "FATHOM(1)" : $"FATHOM-{page.ToUpperInvariant()}(1)", output, StringComparison.Ordinal);
        Assert.NotEqual("", Installed.Run("groff", Print(page) + ".nosuchrequest\n", ["-man", "-ww", "-Tascii"]).Errors);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Mandoc_has_nothing_to_say(string page)
    {
        // A page has no date: it would be another one with each build.
        (_, string output, string errors) = Installed.Run("mandoc", Print(page), ["-Tlint", "-Wwarning"]);
        Assert.Matches(@"\Amandoc: [^\n]*:1:\d+: WARNING: missing date, using """": TH\n\z", output + errors);
    }

    [Fact]
    public void Everything_of_the_help_is_there()
    {
        foreach (string name in AllTools.Create().Select(static tool => tool.Description.Name))
        {
            CommandSyntax syntax = CommandSyntax.Of(AllTools.Create().Single(tool => tool.Description.Name == name).Description);
            string output = Words(Installed.Run("groff", Print(name), ["-man", "-Tascii", "-P-cbou"]).Output);
            Assert.Contains($"fathom {name} {syntax.Usage}", output, StringComparison.Ordinal);
            Assert.All(syntax.Options, option => Assert.Contains(Words($"{CommandSyntax.TermOf(option)} {option.Help}"), output, StringComparison.Ordinal));
            Assert.All(syntax.Examples, example => Assert.Contains(Words($"fathom {name} {example.Arguments} {example.Meaning}"), output, StringComparison.Ordinal));
            Assert.All(syntax.Columns, column => Assert.Contains(Words($"{column.Header} {CommandSyntax.WordsOf(column)}"), output, StringComparison.Ordinal));
            Assert.All(syntax.BlindSpots, blindSpot => Assert.Contains(Words(blindSpot), output, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("biolatncy", "there is no TOOL 'biolatncy': did you mean biolatency?")]
    [InlineData("nonsense", "there is no TOOL 'nonsense': choose one of TOOLS, doctor, completion, man")]
    public void A_page_that_is_not_there(string page, string sentence)
    {
        string all = sentence.Replace("TOOLS", string.Join(", ", AllTools.Create().Select(static tool => tool.Description.Name)), StringComparison.Ordinal);
        Assert.Equal((ExitCode.Usage, "", $"fathom: {all}; see fathom man --help\n"), InProcess.Run(AllTools.Create(), "man", page));
    }

    private static string Words(string text) => Regex.Replace(text, @"\s+", " ").Trim();

    private static string Print(string page)
    {
        (int exit, string output, string errors) = InProcess.Run(AllTools.Create(), page.Length == 0 ? ["man"] : ["man", page]);
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        return output;
    }
}
