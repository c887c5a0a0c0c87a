using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Every diagnostic has a page that its help link leads to, and the examples of the documentation are what they say.</summary>
public sealed class DocumentationTests
{
    private const string Help = "https://github.com/fathom-trace/fathom/blob/main/";

    public static TheoryData<string> Pages => [.. Descriptors.Select(d => d.Id).Where(id => id != "FTH0001")];

    private static List<DiagnosticDescriptor> Descriptors { get; } =
        [.. typeof(BpfObjectAnalyzer).Assembly.GetType("Fathom.Generator.Diagnostics.Descriptors")!.GetFields().Select(f => (DiagnosticDescriptor)f.GetValue(null)!)];

    [Fact]
    public void Every_diagnostic_links_to_a_page_of_its_own()
    {
        Assert.Equal(Descriptors.Count, Descriptors.Select(d => d.Id).Distinct().Count());
        foreach (DiagnosticDescriptor descriptor in Descriptors)
        {
            Assert.StartsWith(Help, descriptor.HelpLinkUri);
            string[] page = File.ReadAllLines(Repository.Path(descriptor.HelpLinkUri[Help.Length..]));
            Assert.Equal("# " + descriptor.Id + ": " + descriptor.Title, page[0]);
            Assert.Contains("## Why", page);
            Assert.Contains("## What to write instead", page);
        }

        Assert.Equal(Descriptors.Select(d => d.Id + ".md").Order(), Directory.GetFiles(Repository.Path("docs/diagnostics")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_analyzer_declares_what_it_reports()
    {
        // FTH0023 comes of compiling, which the analyzer does not do.
        Assert.Equal(Descriptors.Select(d => d.Id).Except(["FTH0023"]).Order(), new BpfObjectAnalyzer().SupportedDiagnostics.Select(d => d.Id).Order());
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task The_example_gets_the_diagnostic_and_its_correction_does_not(string id)
    {
        string[] examples = Examples(Repository.Path("docs/diagnostics/" + id + ".md"));
        Assert.Equal(2, examples.Length);
        Assert.Equal([id], await Said(examples[0]));
        Assert.Empty(await Said(examples[1]));
    }

    [Fact]
    public async Task The_examples_of_the_language_compile()
    {
        string[] examples = Examples(Repository.Path("docs/language.md"));
        Assert.True(examples.Length >= 10, $"only {examples.Length} examples");
        foreach (string example in examples)
        {
            string[] said = await Said(example);
            Assert.True(said.Length == 0, string.Join(" ", said) + "\n" + example);
        }
    }

    private static string[] Examples(string page) =>
        [.. Regex.Matches(File.ReadAllText(page), "^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline).Select(m => m.Groups[1].Value)];

    /// <summary>The ids that an example gets.</summary>
    private static async Task<string[]> Said(string source)
    {
        // A fragment is the body of a program or the members around it; a whole file begins with its usings.
        string file = source.StartsWith("using ", StringComparison.Ordinal) ? source : "using Fathom.Bpf;\nusing Fathom.Bpf.KernelTypes;\n" + source;
        var compilation = Compiling.Compile(file);
        Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d + "\n" + file));
        var said = (await Compiling.Analyze(compilation)).Select(d => d.Id).ToList();
        Compiling.Driver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out var diagnostics, TestContext.Current.CancellationToken);
        said.AddRange(diagnostics.Select(d => d.Id));
        Assert.Empty(output.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString()));
        return [.. said.Distinct()];
    }
}
