using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Fathom.Architecture.Tests;

/// <summary>The library has the numbers of helpers in attributes, since it references nothing: they are those of the one enumeration.</summary>
public sealed partial class HelperNumberTests
{
    [Fact]
    public void Numbers_in_the_library_are_those_of_the_helpers_that_its_comments_name()
    {
        string[] names = File.ReadLines(Path.Combine(Repository.Root, "src/Fathom.Format/Linux/HelperId.cs"))
            .Select(static line => Member().Match(line))
            .Where(static match => match.Success)
            .Select(static match => "bpf" + Capital().Replace(match.Groups["name"].Value, static letter => "_" + letter.Value.ToLowerInvariant()))
            .ToArray();
        Assert.True(names.Length > 200, $"Only {names.Length} helpers were found.");
        var wrong = new List<string>();
        int found = 0;
        foreach (string path in Repository.Sources("src/Fathom.Bpf"))
        {
            foreach (Match match in Declaration().Matches(File.ReadAllText(path)))
            {
                found++;
                int number = int.Parse(match.Groups["number"].Value);
                if (!match.Groups["comment"].Value.Contains(names[number - 1], StringComparison.Ordinal))
                {
                    wrong.Add($"{Repository.Relative(path)}: helper {number} is {names[number - 1]}: {match.Value}");
                }
            }
        }

        Assert.True(found > 70, $"Only {found} helpers were found.");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [GeneratedRegex(@"^    (?<name>[A-Z]\w+)( = 1)?,$")]
    private static partial Regex Member();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"(?<comment>(^ *///.*\n)+)^ *\[Helper\((?<number>\d+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
