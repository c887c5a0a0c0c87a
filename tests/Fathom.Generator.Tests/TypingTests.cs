using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>
/// While a program is being typed it is broken most of the time. Then the C# compiler says what is wrong, and nothing of ours is said on top;
/// nor does anything of ours ever fail.
/// </summary>
public sealed class TypingTests
{
    public static TheoryData<string> Files => [.. new[] { "Methods.cs", "Programs.cs", "Typing.cs" }];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_prefix_of_a_file_is_borne(string file)
    {
        string source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", file));
        if (file == "Methods.cs")
        {
            // Methods are compiled only when a program calls them.
            source = "using Fathom.Bpf;\n" + source.Replace("namespace Cases;", "namespace Cases;\n[BpfObject] static unsafe partial class Runner { [Syscall] static int Run() { ulong s = 0;"
                + string.Concat(System.Text.RegularExpressions.Regex.Matches(source, @"^    public static ulong (\w+)\(ulong a, ulong b\)", System.Text.RegularExpressions.RegexOptions.Multiline).Select(m => " s ^= Methods." + m.Groups[1].Value + "(s, 3);")) + " return (int)s; } }", StringComparison.Ordinal);
        }

        // Not every character, but all kinds of places: the step is no multiple of anything in the file.
        int step = Math.Max(1, source.Length / 60) | 1;
        for (int length = source.Length; length > 0; length -= step)
        {
            Bear(source[..length]);
        }
    }

    [Fact]
    public void A_file_without_a_token_is_borne()
    {
        string source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "Typing.cs"));
        foreach (SyntaxToken token in CSharpSyntaxTree.ParseText(source, cancellationToken: TestContext.Current.CancellationToken).GetRoot(TestContext.Current.CancellationToken).DescendantTokens().Where((_, i) => i % 11 == 0))
        {
            Bear(source.Remove(token.SpanStart, token.Span.Length));
        }
    }

    private static void Bear(string source)
    {
        CSharpCompilation compilation = Compiling.Compile(source);
        var failures = new List<string>();
        var options = new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), (e, _, _) => failures.Add(e.ToString()), concurrentAnalysis: false, logAnalyzerExecutionTime: false);
        ImmutableArray<Diagnostic> said = compilation.WithAnalyzers([new BpfObjectAnalyzer()], options).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        GeneratorDriverRunResult result = Compiling.Driver().RunGenerators(compilation, TestContext.Current.CancellationToken).GetRunResult();
        failures.AddRange(result.Results.Where(r => r.Exception is not null).Select(r => r.Exception!.ToString()));
        failures.AddRange(said.Concat(result.Diagnostics).Where(d => d.Id == "FTH0001").Select(d => d.ToString()));
        Assert.True(failures.Count == 0, string.Join("\n", failures) + "\n" + Tail(source));

        // What is broken is the C# compiler's to say.
        bool isBroken = compilation.GetDiagnostics(TestContext.Current.CancellationToken).Any(d => d.Severity == DiagnosticSeverity.Error);
        var noise = said.Concat(result.Diagnostics).Where(d => isBroken && d.Id.StartsWith("FTH", StringComparison.Ordinal)).Select(d => d.ToString()).ToList();
        Assert.True(noise.Count == 0, string.Join("\n", noise) + "\n" + Tail(source));
    }

    private static string Tail(string source) => source.Length > 300 ? source[^300..] : source;
}
