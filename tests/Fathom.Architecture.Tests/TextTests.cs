using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Fathom.Architecture.Tests;

public sealed partial class TextTests
{
    private const int LongestFile = 800;

    private static readonly string[] Folders = ["src", "tests", "bench"];

    [Fact]
    public void Source_files_are_short_enough_to_read()
    {
        var tooLong = Folders
            .Where(static folder => Directory.Exists(Path.Combine(Repository.Root, folder)))
            .SelectMany(Repository.Sources)
            .Select(static path => (Path: Repository.Relative(path), Lines: File.ReadLines(path).Count()))
            .Where(static file => file.Lines > LongestFile);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Tools_tell_a_limit_of_the_process_from_a_file_that_is_not_there()
    {
        var wrong = Repository.Sources("src/Fathom.Tools")
            .SelectMany(static path => File.ReadLines(path).Select(line => $"{Repository.Relative(path)}: {line.Trim()}"))
            .Where(static line => line.Contains("catch (", StringComparison.Ordinal) && line.Contains("IOException", StringComparison.Ordinal)
                && !line.Contains("ResourceLimitException.IsLimit", StringComparison.Ordinal));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Documents_name_only_files_that_exist()
    {
        var documents = Repository.Files(".", "*.md").ToList();
        Assert.NotEmpty(documents);
        var dead =
            from document in documents
            from Match link in Link().Matches(File.ReadAllText(document))
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
            let path = Path.Combine(Path.GetDirectoryName(document)!, target.Split('#')[0])
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{Repository.Relative(document)}: {target}";
        Assert.Empty(dead);
    }

    [Fact]
    public void Documents_name_only_paths_in_the_tree_that_exist()
    {
        var dead =
            from document in Repository.Files(".", "*.md")
            from Match mention in TreePath().Matches(File.ReadAllText(document))
            let target = mention.Groups["path"].Value.TrimEnd('/')
            let path = Path.Combine(Repository.Root, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{Repository.Relative(document)}: {target}";
        Assert.Empty(dead);
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(\./)?(?<path>(src|tests|eng|docs|bench)/[\w./-]*)`")]
    private static partial Regex TreePath();
}
