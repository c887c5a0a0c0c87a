using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Generator;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

// Measures the generator and the analyzer on the sources of Fathom.Tools, as a build and as an editor run them.
string root = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(root, "Fathom.slnx")))
{
    root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("This is run inside the repository.");
}

int edits = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 200;
string separator = Path.DirectorySeparatorChar.ToString();
string[] files = [.. Directory.GetFiles(Path.Combine(root, "src", "Fathom.Tools"), "*.cs", SearchOption.AllDirectories).Where(f => !f.Contains(separator + "obj" + separator, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
var parse = new CSharpParseOptions(LanguageVersion.CSharp14);
MetadataReference[] references = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Where(p => !Path.GetFileName(p).StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)).Select(p => MetadataReference.CreateFromFile(p))];
CSharpCompilation Fresh() => CSharpCompilation.Create(
    "Fathom.Tools", files.Select(f => CSharpSyntaxTree.ParseText(SourceText.From(File.ReadAllText(f), Encoding.UTF8), parse, f)), references,
    new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
static GeneratorDriver Driver(CSharpParseOptions parse, IncrementalGeneratorOutputKind without) =>
    CSharpGeneratorDriver.Create([new BpfObjectGenerator().AsSourceGenerator()], parseOptions: parse, driverOptions: new GeneratorDriverOptions(without));
static TimeSpan Generator(GeneratorDriver driver) => driver.GetTimingInfo().GeneratorTimes.Aggregate(TimeSpan.Zero, (sum, t) => sum + t.ElapsedTime);

// A build: everything, in a process where nothing of it has run yet, then again.
Compilation compilation = Fresh();
var programs = new List<(SyntaxTree Tree, ClassDeclarationSyntax Class)>();
foreach (SyntaxTree tree in compilation.SyntaxTrees)
{
    programs.AddRange((await tree.GetRootAsync()).DescendantNodes().OfType<ClassDeclarationSyntax>()
        .Where(c => c.AttributeLists.SelectMany(l => l.Attributes).Any(a => a.Name.ToString().EndsWith("BpfObject", StringComparison.Ordinal))).Select(c => (tree, c)));
}

int methods = programs.Sum(p => p.Class.Members.OfType<MethodDeclarationSyntax>().Count(m => m.AttributeLists.SelectMany(l => l.Attributes).Any(a => a.Name.ToString().StartsWith("Tracepoint", StringComparison.Ordinal))));
Console.WriteLine($"{files.Length} files, {programs.Count} BPF objects, {methods} programs");
for (int i = 0; i < 6; i++)
{
    compilation = Fresh();
    _ = compilation.GetDiagnostics();
    var driver = Driver(parse, IncrementalGeneratorOutputKind.None).RunGenerators(compilation);
    if (driver.GetRunResult().Diagnostics is { IsEmpty: false } problems)
    {
        throw new InvalidOperationException(problems[0].ToString());
    }

    Console.WriteLine($"build, {(i == 0 ? "cold" : "warm")}: {Generator(driver).TotalMilliseconds:F0} ms");
}

// Typing: one character more in the body of a method of the object, then what an editor runs: accessors and diagnostics.
var accessors = new List<double>();
var diagnostics = new List<double>();
foreach ((SyntaxTree tree, ClassDeclarationSyntax type) in programs)
{
    GeneratorDriver driver = Driver(parse, IncrementalGeneratorOutputKind.Implementation).RunGenerators(compilation = Fresh());
    SyntaxTree current = compilation.SyntaxTrees.First(t => t.FilePath == tree.FilePath);
    int place = type.Members.OfType<MethodDeclarationSyntax>().Last(m => m.Body is not null).Body!.OpenBraceToken.Span.End;
    for (int i = 0; i < edits; i++)
    {
        SyntaxTree edited = current.WithChangedText((await current.GetTextAsync()).WithChanges(new TextChange(new TextSpan(place, 0), ";")));
        compilation = compilation.ReplaceSyntaxTree(current, edited);
        current = edited;

        // The editor has bound the file for its own errors before it asks anybody else.
        _ = compilation.GetSemanticModel(current).GetDiagnostics();
        driver = driver.RunGenerators(compilation);
        accessors.Add(Generator(driver).TotalMilliseconds);

        var analyzer = new BpfObjectAnalyzer();
        var with = compilation.WithAnalyzers([analyzer], new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), null, concurrentAnalysis: false, logAnalyzerExecutionTime: true));
        _ = await with.GetAnalyzerSemanticDiagnosticsAsync(compilation.GetSemanticModel(current), null, default);
        diagnostics.Add((await with.GetAnalyzerTelemetryInfoAsync(analyzer, default)).ExecutionTime.TotalMilliseconds);
    }
}

Show("accessors", accessors);
Show("diagnostics", diagnostics);
Show("together", [.. accessors.Zip(diagnostics, (a, d) => a + d)]);

void Show(string what, List<double> times)
{
    // The first tenth warms the code up.
    List<double> sorted = [.. times.Skip(times.Count / 10).Order()];
    Console.WriteLine($"typing, {what}: median {sorted[sorted.Count / 2]:F1} ms, 90 % below {sorted[sorted.Count * 9 / 10]:F1} ms ({sorted.Count} edits)");
}
