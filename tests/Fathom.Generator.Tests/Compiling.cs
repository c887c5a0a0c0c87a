using System;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Compiles source as a project with the generator and the analyzer would.</summary>
internal static class Compiling
{
    private static readonly CSharpParseOptions s_options = new(LanguageVersion.CSharp14);

    private static readonly MetadataReference[] s_references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Select(p => MetadataReference.CreateFromFile(p))];

    public static CSharpCompilation Compile(params string[] sources) => CSharpCompilation.Create(
        "Subject",
        sources.Select((s, i) => CSharpSyntaxTree.ParseText(s, s_options, path: "/project/File" + i.ToString(CultureInfo.InvariantCulture) + ".cs", encoding: System.Text.Encoding.UTF8)),
        s_references,
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));

    public static GeneratorDriver Driver(bool tracks = false, IncrementalGeneratorOutputKind without = IncrementalGeneratorOutputKind.None) => CSharpGeneratorDriver.Create(
        [new BpfObjectGenerator().AsSourceGenerator()],
        parseOptions: s_options,
        driverOptions: new GeneratorDriverOptions(without, tracks));

    /// <summary>What the analyzer says.</summary>
    public static async Task<ImmutableArray<Diagnostic>> Analyze(Compilation compilation) =>
        [.. (await compilation.WithAnalyzers([new BpfObjectAnalyzer()]).GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken)).OrderBy(d => d.Location.SourceSpan.Start)];

    /// <summary>Runs the generator and loads the result as an assembly; fails on any error.</summary>
    public static Assembly Build(params string[] sources)
    {
        CSharpCompilation compilation = Compile(sources);
        Assert.Empty(Analyze(compilation).GetAwaiter().GetResult().Select(d => d.ToString()));
        Driver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out ImmutableArray<Diagnostic> diagnostics, TestContext.Current.CancellationToken);
        Assert.Empty(diagnostics.Select(d => d.ToString()));
        using var stream = new MemoryStream();
        var result = output.Emit(stream, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString()));
        return Assembly.Load(stream.ToArray());
    }

    /// <summary>The object file that a class of a built assembly embeds.</summary>
    public static byte[] ObjectFileOf(Assembly assembly, string type) =>
        (byte[])assembly.GetType(type, throwOnError: true)!.GetMethod("GetObjectFile", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!.Invoke(null, null)!;
}
