using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Fathom.Compiler;
using Fathom.Format.Objects;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Fathom.Fuzzing.Running;

/// <summary>What compiling a subject gave.</summary>
/// <param name="Subject">The subject.</param>
/// <param name="Clr">Its entry on the CLR; null if C# refuses the source.</param>
/// <param name="Program">Its BPF object; null if there is none.</param>
/// <param name="Refusal">Why there is no object: what C# says, or a diagnostic of Fathom's.</param>
/// <param name="Crash">An exception of the compiler's own.</param>
internal sealed record Compiled(Subject Subject, ClrOracle? Clr, BpfObject? Program, string? Refusal, string? Crash);

/// <summary>
/// Many subjects in one compilation: C# to an assembly, and each class to a BPF object by the generator's own front end and back end. Many
/// at once, because binding the references costs more than a small class.
/// </summary>
internal sealed class Batch : IDisposable
{
    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.CSharp14, DocumentationMode.None);

    // The CLR is the oracle only where its own compiler leaves the code alone: optimizing, that of .NET 10 shifts the result of an atomic
    // "and" or "or" wrongly (seeds 115711 and 119889).
    private static readonly CSharpCompilationOptions s_options = new(
        OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, optimizationLevel: OptimizationLevel.Debug, concurrentBuild: false, warningLevel: 0, deterministic: true);

    private static readonly MetadataReference[] s_references =
        [.. new[] { "System.Private.CoreLib", "System.Runtime", "System.Memory", "System.Threading", "Fathom.Bpf" }.Select(Reference)];

    private static readonly SyntaxTree[] s_shared =
    [
        Parse("public unsafe struct Slot { public ulong A, B, Result; public fixed ulong Out[" + Writing.RandomMethod.Outputs + "]; }", "Slot"),
        Parse(HostForm.Support, "Support"),
    ];

    // What Roslyn knows of the references goes with the last compilation that holds it.
    private static Compilation? s_last;

    private readonly CompilerOptions _compiler;
    private readonly AssemblyLoadContext _context = new("subjects", isCollectible: true);

    private Batch(CompilerOptions compiler) => _compiler = compiler;

    public IReadOnlyList<Compiled> Subjects { get; private set; } = [];

    /// <summary>Time in C#'s own compiler.</summary>
    public TimeSpan EmitTime { get; private set; }

    /// <summary>Time from C# to BPF objects.</summary>
    public TimeSpan CompileTime { get; private set; }

    /// <summary>Compiles. What C# refuses is said of the subject and left out of the assembly.</summary>
    public static Batch Compile(IReadOnlyCollection<Subject> subjects, CompilerOptions? compiler = null)
    {
        var batch = new Batch(compiler ?? new CompilerOptions());
        batch.Run(subjects);
        return batch;
    }

    public void Dispose() => _context.Unload();

    private static MetadataReference Reference(string name) => MetadataReference.CreateFromFile(
        name == "Fathom.Bpf"
            ? typeof(Bpf.BpfObjectAttribute).Assembly.Location
            : ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').First(p => Path.GetFileNameWithoutExtension(p) == name));

    private static SyntaxTree Parse(string text, string name) => CSharpSyntaxTree.ParseText(text, s_parse, name + ".cs", System.Text.Encoding.UTF8);

    private static string Runner(string name, bool isPart) => $$"""
        [Fathom.Bpf.BpfObject{{(isPart ? ", Fathom.Bpf.Includes(typeof(" + name + "))" : "")}}] static unsafe partial class Run{{name}}
        {
            [Fathom.Bpf.Map(MaxEntries = 1)] static readonly Fathom.Bpf.ArrayMap<Slot> Io = new();
            [Fathom.Bpf.Syscall] static int Run()
            {
                Slot* slot = Io.Lookup(0);
                if (slot == null) { return 2; }
                slot->Result = {{name}}.Entry(slot->A, slot->B, slot->Out);
                return 1;
            }
        }
        """;

    private void Run(IReadOnlyCollection<Subject> subjects)
    {
        long start = Stopwatch.GetTimestamp();
        var trees = new Dictionary<Subject, SyntaxTree[]>();
        foreach (Subject subject in subjects)
        {
            string name = subject.Name;
            SyntaxTree own = Parse(subject.Source, name), runner = Parse(Runner(name, subject.Source.Contains("[Fathom.Bpf.BpfPart]", StringComparison.Ordinal)), "Run" + name);
            trees.Add(subject, subject.NeedsHostForm ? [own, runner, Parse(HostForm.Of(subject, s_parse), "Host" + name)] : [own, runner]);
        }

        CSharpCompilation compilation = CSharpCompilation.Create("Subjects", trees.Values.SelectMany(t => t).Concat(s_shared), s_references, s_options);
        s_last = compilation;
        var refused = new Dictionary<Subject, string>();
        Assembly? assembly = Emit(ref compilation, trees, refused);
        EmitTime = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        Subjects = [.. subjects.Select(s => refused.TryGetValue(s, out string? why) ? new Compiled(s, null, null, why, null) : Compile(s, compilation, assembly!))];
        CompileTime = Stopwatch.GetElapsedTime(start);
    }

    private Assembly? Emit(ref CSharpCompilation compilation, Dictionary<Subject, SyntaxTree[]> trees, Dictionary<Subject, string> refused)
    {
        using var stream = new MemoryStream();
        EmitResult result = compilation.Emit(stream);
        if (!result.Success)
        {
            ILookup<SyntaxTree, Diagnostic> errors = result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error && d.Location.SourceTree is not null).ToLookup(d => d.Location.SourceTree!);
            foreach ((Subject subject, SyntaxTree[] own) in trees.Where(t => t.Value.Any(errors.Contains)).ToList())
            {
                Diagnostic error = errors[own.First(errors.Contains)].First();
                refused.Add(subject, error + ": " + error.Location.SourceTree!.GetText().Lines[error.Location.GetLineSpan().StartLinePosition.Line].ToString().Trim());
                compilation = compilation.RemoveSyntaxTrees(own);
                trees.Remove(subject);
            }

            stream.SetLength(0);
            result = compilation.Emit(stream);
            if (!result.Success)
            {
                throw new InvalidOperationException(string.Join("\n", result.Diagnostics.Take(3)));
            }
        }

        stream.Position = 0;
        return _context.LoadFromStream(stream);
    }

    private Compiled Compile(Subject subject, CSharpCompilation compilation, Assembly assembly)
    {
        var clr = new ClrOracle(assembly.GetType((subject.NeedsHostForm ? HostForm.Namespace + "." : "") + subject.Name, throwOnError: true)!);
        INamedTypeSymbol runner = compilation.GetTypeByMetadataName("Run" + subject.Name)!;
        try
        {
            LoweredObject lowered = ObjectCompiler.Lower(runner, compilation, default);
            ImmutableArray<Diagnostic> diagnostics = lowered.Diagnostics;
            BpfObject? program = null;
            if (diagnostics.IsEmpty)
            {
                (program, diagnostics) = ObjectCompiler.Compile(lowered, runner, _compiler);
            }

            Diagnostic? first = diagnostics.FirstOrDefault();
            return first is { Id: "FTH0001" }
                ? new Compiled(subject, clr, null, null, first.GetMessage())
                : new Compiled(subject, clr, program, first?.ToString(), null);
        }
        catch (Exception e)
        {
            return new Compiled(subject, clr, null, null, e.ToString());
        }
    }
}
