using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Cli.Tests;

/// <summary>What every tool has besides its code: whoever adds one is told by these what is missing.</summary>
public sealed partial class ToolDocumentsTests
{
    private static readonly string[] s_sections = ["What it costs", "What it cannot see"];

    public static TheoryData<string> Names => AllToolsTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void It_has_a_readme_with_every_section(string name)
    {
        string text = Readme(name);
        Assert.True(text.StartsWith($"# {name}\n", StringComparison.Ordinal), "The title is the tool's name.");
        Assert.True(text.Contains($"\n```\n$ fathom {name}", StringComparison.Ordinal), $"There is real output, from $ fathom {name} on.");
        Assert.True(text.Contains($"`fathom {name} --help`", StringComparison.Ordinal), $"It leads to `fathom {name} --help`.");
        Assert.True(text.Contains($"(../../../docs/json/{name}.json)", StringComparison.Ordinal), $"It links its schema, (../../../docs/json/{name}.json).");
        Assert.All(s_sections, section => Assert.True(text.Contains($"\n## {section}\n", StringComparison.Ordinal), $"There is a section '## {section}'."));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_readme_names_only_options_that_it_has(string name)
    {
        ITool tool = Find(name);
        string[] known = [.. CommonOptions.With(tool.Description).SelectMany(static option => new[] { option.Name, option.ShortName }).OfType<string>(), "--"];
        string[] named = [.. Mention().Matches(Readme(name)).Select(static match => match.Groups["option"].Value)];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(known));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_readme_has_all_columns(string name)
    {
        string text = Readme(name);
        foreach (ColumnDescription column in Find(name).Description.Rows?.Columns ?? [])
        {
            // As it is called in JSON; what is not there, as it is called in text.
            Assert.True(
                column.Name is { } field ? text.Contains($"`{field}`", StringComparison.Ordinal) : text.Contains(column.Header, StringComparison.Ordinal),
                $"The README of {name} does not name the column {column.Header} (`{column.Name}`).");
            Assert.True(column.When == "in JSON" || text.Contains(column.Header, StringComparison.Ordinal), $"The README of {name} does not name the column {column.Header}.");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_other_documents_and_the_guests_know_it(string name)
    {
        string folder = Folder(name);
        Assert.True(Text("README.md").Contains($"\n| [`{name}`]({folder}/README.md) | ", StringComparison.Ordinal), $"README.md has no row of {name} in the table of tools, with its link.");
        Assert.True(Text("CHANGELOG.md").Contains($"`fathom {name}`", StringComparison.Ordinal), $"CHANGELOG.md does not know `fathom {name}`.");
        Assert.True(File.Exists(Path.Combine(Checkout.Root, "tests/matrix", name + ".sh")), $"tests/matrix/{name}.sh is missing, which tries it in guests.");
        Assert.True(File.Exists(Path.Combine(Checkout.Root, "docs/json", name + ".json")), $"docs/json/{name}.json is missing: make it with eng/schemas.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_help_shows_all_that_it_declares(string name)
    {
        ToolDescription tool = Find(name).Description;
        (int exit, string output, string errors) = InProcess.Run(AllTools.Create(), name, "--help");
        Assert.Equal((ExitCode.Done, ""), (exit, errors));
        string words = Words(output);
        Assert.All(CommonOptions.With(tool), option => Assert.Contains(Words($"{CommandSyntax.TermOf(option)} {option.Help}"), words, StringComparison.Ordinal));
        Assert.All(tool.Rows?.Columns ?? [], column => Assert.Contains(Words($"{column.Header} {CommandSyntax.WordsOf(column)}"), words, StringComparison.Ordinal));
        Assert.All(tool.BlindSpots, blindSpot => Assert.Contains("- " + blindSpot, words, StringComparison.Ordinal));
        Assert.All(tool.Examples, example => Assert.Contains(Words($"fathom {name} {example.Arguments} {example.Meaning}"), words, StringComparison.Ordinal));
        Assert.NotEmpty(tool.BlindSpots);
        Assert.NotEmpty(tool.Examples);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_column_is_shown_by_an_option_that_there_is(string name)
    {
        ITool tool = Find(name);
        string[] known = [.. CommonOptions.With(tool.Description).SelectMany(static option => new[] { option.Name, option.ShortName }).OfType<string>()];
        foreach (ColumnDescription column in tool.Description.Rows?.Columns ?? [])
        {
            Assert.Empty(Option().Matches(column.When).Select(static match => match.Value).Except(known));
            Assert.Matches("^(|in JSON|(with|without) .+)$", column.When);
        }
    }

    private static ITool Find(string name) => AllTools.Create().Single(tool => tool.Description.Name == name);

    private static string Folder(string name) => $"src/Fathom.Tools/{Find(name).GetType().Namespace!.Split('.')[^1]}";

    private static string Readme(string name)
    {
        string file = Path.Combine(Folder(name), "README.md");
        Assert.True(File.Exists(Path.Combine(Checkout.Root, file)), $"{file} is missing.");
        return Text(file);
    }

    private static string Text(string file) => File.ReadAllText(Path.Combine(Checkout.Root, file));

    private static string Words(string text) => Whitespace().Replace(text, " ").Trim();

    // `-b`, `--netns` and `-- COMMAND`, but not the options of another program, which stand behind its name.
    [GeneratedRegex(@"(?<=[ (|\n])`(?<option>--?[A-Za-z0-9-]*)[^`]*`")]
    private static partial Regex Mention();

    [GeneratedRegex("--?[a-z0-9-]+", RegexOptions.IgnoreCase)]
    private static partial Regex Option();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
