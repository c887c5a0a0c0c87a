using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;
using Fathom.Interpreter;
using Fathom.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>
/// Every construct of C#, one case for each: it compiles and computes what the CLR computes, or it is refused with a diagnostic at the exact
/// expression. There is no third way.
/// </summary>
public sealed class ConstructTests(ConstructTests.Fixture fixture) : IClassFixture<ConstructTests.Fixture>
{
    private static readonly ulong[] s_inputs = [0, 1, 2, 3, 5, 6, 7, 20, 100, 101, 255, 0x8000_0000, 0xffff_ffff, 0x1_0000_0005, ulong.MaxValue];

    public static TheoryData<string> Accepted => [.. ConstructCase.All.Where(c => !c.IsRefused).Select(c => c.Name)];

    public static TheoryData<string> Refused => [.. ConstructCase.All.Where(c => c.IsRefused).Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Accepted))]
    public void What_compiles_computes_what_the_CLR_computes(string name)
    {
        (ConstructCase test, MethodInfo method) = Find(name);
        var machine = new Machine { StepLimit = 10_000_000 };
        InterpretedObject loaded = InterpretedObject.Load(machine, Compiled(test));
        InterpretedProgram program = loaded.GetProgram("Program");
        InterpretedMap map = loaded.Maps["Io"];
        Compare(method, "the interpreter", slot =>
        {
            Span<ulong> inMap = MemoryMarshal.Cast<byte, ulong>(map.GetValue(new byte[4]));
            slot.CopyTo(inMap);
            Assert.Equal(1u, (uint)machine.Run(program).ReturnValue);
            return inMap[2];
        });
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void What_compiles_computes_it_in_the_kernel(string name)
    {
        (ConstructCase test, MethodInfo method) = Find(name);
        LoadedObject loaded;
        try
        {
            loaded = LoadedObject.Load(Kernel.Running, Compiled(test));
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
            return;
        }

        using (loaded)
        {
            BpfMap map = loaded.GetMap("Io");
            BpfProgram program = loaded.GetProgram("Program");
            uint key = 0;
            byte[] keyBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key)).ToArray();
            Compare(method, "the kernel", slot =>
            {
                map.Update(keyBytes, MemoryMarshal.AsBytes(slot));
                Assert.Equal(1u, program.TestRun().ReturnValue);
                Assert.True(map.TryLookup(keyBytes, MemoryMarshal.AsBytes(slot)));
                return slot[2];
            });
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_does_not_compile_is_refused_where_it_stands(string name)
    {
        var test = ConstructCase.All.Single(c => c.Name == name);
        Assert.Equal(test.Expected, fixture.Said(test));

        // The build says the same without the analyzer.
        Assert.Equal(test.Expected, fixture.SaidByBuild(test));
    }

    private (ConstructCase Test, MethodInfo Method) Find(string name)
    {
        var test = ConstructCase.All.Single(c => c.Name == name);
        Assert.Empty(fixture.Said(test));
        Type type = fixture.Assembly.GetType(test.Namespace + ".P", throwOnError: true)!;
        return (test, type.GetMethod("Run", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!);
    }

    private BpfObject Compiled(ConstructCase test) => ObjectFile.Parse(Compiling.ObjectFileOf(fixture.Assembly, test.Namespace + ".P"));

    /// <summary>Runs a case on all pairs of inputs, and compares its result with that of the CLR.</summary>
    private static void Compare(MethodInfo method, string name, Runner run)
    {
        foreach ((ulong a, ulong b) in s_inputs.SelectMany(a => s_inputs.Select(b => (a, b))))
        {
            ulong expected = (ulong)method.Invoke(null, [a, b])!, computed = run([a, b, 0xdead]);
            Assert.True(expected == computed, $"({a}, {b}): the CLR says {expected}, {name} {computed}");
        }
    }

    private delegate ulong Runner(Span<ulong> slot);

    /// <summary>All cases compiled once, those that must compile apart from those that must not.</summary>
    public sealed class Fixture
    {
        private readonly ImmutableDictionary<string, ImmutableArray<Diagnostic>> _said;
        private readonly ILookup<string, Diagnostic> _saidByBuild;
        private readonly ImmutableDictionary<string, SourceText> _texts;
        private readonly Lazy<Assembly> _assembly;

        public Fixture()
        {
            ConstructCase[] all = [.. ConstructCase.All];
            var compilation = Compiling.Compile([.. all.Select(c => c.Source)]);
            Paths = compilation.SyntaxTrees.Select((tree, i) => (all[i].Name, tree.FilePath)).ToImmutableDictionary(p => p.Name, p => p.FilePath);
            var wrong = compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => all.First(c => Paths[c.Name] == d.Location.SourceTree?.FilePath).Name + ": " + d).ToList();
            Assert.Empty(wrong);
            _said = Compiling.Analyze(compilation).GetAwaiter().GetResult().GroupBy(d => d.Location.SourceTree!.FilePath).ToImmutableDictionary(g => g.Key, g => g.ToImmutableArray());
            Compiling.Driver().RunGeneratorsAndUpdateCompilation(compilation, out _, out ImmutableArray<Diagnostic> saidByBuild, TestContext.Current.CancellationToken);
            _saidByBuild = saidByBuild.ToLookup(d => d.Location.GetLineSpan().Path);
            _texts = compilation.SyntaxTrees.ToImmutableDictionary(t => t.FilePath, t => t.GetText());
            _assembly = new(() => Compiling.Build([.. all.Where(c => !c.IsRefused).Select(c => c.Source)]));
        }

        private ImmutableDictionary<string, string> Paths { get; }

        public Assembly Assembly => _assembly.Value;

        public List<string> SaidByBuild(ConstructCase test) => Show(test, _saidByBuild[Paths[test.Name]].OrderBy(d => d.Location.SourceSpan.Start));

        public List<string> Said(ConstructCase test) => Show(test, _said.TryGetValue(Paths[test.Name], out var found) ? found : []);

        private List<string> Show(ConstructCase test, IEnumerable<Diagnostic> said) =>
            [.. said.Select(d => $"{d.Id} at '{ConstructCase.Squeeze(_texts[Paths[test.Name]].ToString(d.Location.SourceSpan))}': {d.GetMessage()}")];
    }
}
