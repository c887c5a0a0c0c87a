using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>
/// Wrong projects, built by <c>dotnet build</c>: each reason is on the command line at its expression, with the page that explains it, all of them
/// in one build. The marks in the files of WrongProjects, on the line below an expression, say what is expected.
/// </summary>
public sealed partial class WrongProjectTests(WrongProjectTests.Fixture fixture) : IClassFixture<WrongProjectTests.Fixture>
{
    private const string Pages = "https://github.com/fathom-trace/fathom/blob/main/docs/diagnostics/";

    public static TheoryData<string> Projects => [.. Directory.GetFiles(Folder, "*.cs").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "WrongProjects");

    [Theory]
    [MemberData(nameof(Projects))]
    public void Each_reason_is_at_its_expression(string project)
    {
        string[] expected = [.. Expected(File.ReadAllLines(Path.Combine(Folder, project + ".cs")))];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, fixture.Said(project));
    }

    [Fact]
    public void Each_diagnostic_is_in_a_project()
    {
        IEnumerable<string> ids = Directory.GetFiles(Repository.Path("docs/diagnostics")).Select(f => Path.GetFileNameWithoutExtension(f)!);

        // FTH0001 is the compiler's own fault.
        Assert.Empty(ids.Except(["FTH0001"]).Except(Directory.GetFiles(Folder, "*.cs").SelectMany(f => Expected(File.ReadAllLines(f))).Select(e => e.Split(' ')[1])));
    }

    /// <summary>What the marks say: line, first and last column, and id.</summary>
    private static IEnumerable<string> Expected(string[] lines)
    {
        int line = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            Match mark = Mark().Match(lines[i]);
            if (mark.Success)
            {
                Group under = mark.Groups[1];
                yield return Show(line, under.Index + 1, under.Index + under.Length + 1, mark.Groups[2].Value);
            }
            else
            {
                line = i + 1;
            }
        }
    }

    private static string Show(int line, int start, int end, string id) => $"({line},{start},{line},{end}) {id}";

    [GeneratedRegex(@"^// *(\^+) (FTH\d{4})$")]
    private static partial Regex Mark();

    [GeneratedRegex(@"^.*/(\w+)\.cs\((\d+),(\d+),(\d+),(\d+)\): error (\w+): (.*) \((\S+)\) \[", RegexOptions.Multiline)]
    private static partial Regex Error();

    /// <summary>All projects, built once.</summary>
    public sealed class Fixture : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fathom-wrong-projects-");
        private readonly ILookup<string, string> _said;
        private readonly string _output;

        public Fixture()
        {
            foreach (string file in Directory.GetFiles(Folder))
            {
                File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
            }

            var start = new ProcessStartInfo("dotnet") { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])["build", "All.proj", "-m", "-nologo", "-v:q", "-clp:NoSummary", "-nodeReuse:false",
                "-p:FathomAnalyzers=" + Repository.Path("artifacts/bin/Fathom.Generator/debug_netstandard2.0"), "-p:FathomReferences=" + AppContext.BaseDirectory])
            {
                start.ArgumentList.Add(argument);
            }

            using Process build = Process.Start(start)!;
            System.Threading.Tasks.Task<string> errors = build.StandardError.ReadToEndAsync();
            _output = build.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            build.WaitForExit();
            Assert.NotEqual(0, build.ExitCode);

            // Behind that the build says everything a second time.
            _said = Error().Matches(_output.Split("Build FAILED.")[0]).Select(m => m.Groups).OrderBy(g => int.Parse(g[2].Value)).ThenBy(g => int.Parse(g[3].Value))
                .ToLookup(g => g[1].Value, g => $"({g[2]},{g[3]},{g[4]},{g[5]}) {g[6]}" + (g[8].Value == Pages + g[6].Value + ".md" ? "" : " with the page " + g[8].Value));
        }

        /// <summary>The errors of a project, in the order of the source; if there are none, what the build said.</summary>
        public string[] Said(string project) => _said[project] is var said && said.Any() ? [.. said] : ["no error of " + project + ": " + _output];

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
