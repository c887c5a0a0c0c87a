using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Fathom.Generator.Tests.Random;

/// <summary>
/// Random C# methods: what the kernel computes is what the CLR computes. More than the few of a test run:
/// <c>FATHOM_FUZZ=first-count</c> in the environment. The source of a seed that fails is in the message.
/// </summary>
public sealed class RandomMethodTests
{
    private const int PerCompilation = 40;

    private static readonly ulong[] s_inputs = [0, 1, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, ulong.MaxValue];

    [Fact]
    public void The_kernel_computes_what_the_CLR_computes()
    {
        int[] range = [.. (Environment.GetEnvironmentVariable("FATHOM_FUZZ") ?? "1-40").Split('-').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        var failures = new List<string>();
        int compared = 0, faults = 0, skipped = 0;
        for (int first = range[0]; first < range[0] + range[1]; first += PerCompilation)
        {
            int[] seeds = [.. Enumerable.Range(first, Math.Min(PerCompilation, range[0] + range[1] - first))];
            Assembly assembly = Build(seeds, failures);
            foreach (int seed in seeds)
            {
                try
                {
                    if (!Compare(assembly, seed, ref compared, ref faults))
                    {
                        skipped++;
                    }
                }
                catch (MissingCapabilityException e)
                {
                    Assert.Skip(e.Message);
                }
                catch (Exception e) when (e is VerifierRejectedException or InvalidOperationException)
                {
                    failures.Add($"seed {seed}: {e.Message}");
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} runs compared, {faults} of them faults; {skipped} of {range[1]} methods are too large");
        Assert.True(failures.Count == 0, string.Join("\n", failures.Take(40)) + "\n" + (failures.Count > 0 ? Source(failures[0]) : ""));
        Assert.True(skipped * 5 <= range[1], $"{skipped} of {range[1]} methods are too large: the test shows little");
        Assert.True(compared > range[1] * 5 && faults > 0, $"{compared} runs were compared, {faults} faults: the test shows little");
    }

    private static string Source(string failure) =>
        RandomMethod.Make(int.Parse(failure.Split(' ', ':')[1], CultureInfo.InvariantCulture), "Subject");

    private static Assembly Build(int[] seeds, List<string> failures)
    {
        string[] sources = [.. seeds.Select(s => RandomMethod.Make(s, "C" + s)), "public struct Slot { public ulong A, B, Result; }", .. seeds.Select(Runner)];
        CSharpCompilation compilation = Compiling.Compile(sources);
        Assert.Equal("", string.Join("\n", compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).Take(5).Select(d => d + d.Location.SourceTree!.ToString().Split('\n')[d.Location.GetLineSpan().StartLinePosition.Line])));
        Compiling.Driver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out ImmutableArray<Diagnostic> diagnostics, TestContext.Current.CancellationToken);
        // A method that needs more stack than there is is none of this test's.
        foreach (Diagnostic diagnostic in diagnostics.Where(d => d.Id != "FTH0002" && !IsTooLarge(d.GetMessage(CultureInfo.InvariantCulture))))
        {
            failures.Add($"seed {Path.GetFileNameWithoutExtension(diagnostic.Location.GetLineSpan().Path)} of {seeds[0]}: {diagnostic}");
        }

        using var stream = new MemoryStream();
        var result = output.Emit(stream, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(5).Select(d => d.ToString()));
        return Assembly.Load(stream.ToArray());
    }

    private static bool IsTooLarge(string message) => message.Contains("stack", StringComparison.Ordinal);

    private static string Runner(int seed) => $$"""
        using Fathom.Bpf;
        [BpfObject]
        static unsafe partial class R{{seed}}
        {
            [Map(MaxEntries = 1)] static readonly ArrayMap<Slot> Io = new();
            [Syscall] static int Run()
            {
                Slot* slot = Io.Lookup(0);
                if (slot == null) { return 2; }
                slot->Result = C{{seed}}.Entry(slot->A, slot->B);
                return 1;
            }
        }
        """;

    private static bool Compare(Assembly assembly, int seed, ref int compared, ref int faults)
    {
        byte[] bytes;
        try
        {
            bytes = Compiling.ObjectFileOf(assembly, "R" + seed);
        }
        catch (Exception e) when (e is TargetInvocationException or NullReferenceException)
        {
            return false;
        }

        if (bytes.Length == 0)
        {
            return false;
        }

        LoadedObject loaded;
        try
        {
            loaded = LoadedObject.Load(Kernel.Running, ObjectFile.Parse(bytes));
        }
        catch (VerifierRejectedException e) when (e.Message.Contains("too large", StringComparison.Ordinal) || e.Message.Contains("too complex", StringComparison.Ordinal) || e.Message.Contains("combined stack", StringComparison.Ordinal))
        {
            return false;
        }

        using (loaded)
        {
            BpfMap map = loaded.GetMap("Io");
            BpfProgram program = loaded.GetProgram("Run");
            var entry = assembly.GetType("C" + seed)!.GetMethod("Entry")!.CreateDelegate<Func<ulong, ulong, ulong>>();
            var random = new System.Random(seed);
            uint key = 0;
            ReadOnlySpan<byte> keyBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key));
            for (int i = 0; i < 20; i++)
            {
                ulong a = i < 10 ? s_inputs[i] : (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
                ulong b = i < 10 ? s_inputs[random.Next(10)] : (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
                const ulong Untouched = 0xdead_dead;
                ulong expected;
                uint end = 1;
                try
                {
                    expected = entry(a, b);
                }
                catch (OverflowException)
                {
                    // The least number by -1, which is documented to wrap: no oracle.
                    continue;
                }
                catch (Exception e) when (e is DivideByZeroException or IndexOutOfRangeException || e.GetType().Name == "SwitchExpressionException")
                {
                    (expected, end) = (Untouched, 0);
                    faults++;
                }

                Span<ulong> slot = [a, b, Untouched];
                map.Update(keyBytes, MemoryMarshal.AsBytes(slot));
                uint ended = program.TestRun().ReturnValue;
                map.TryLookup(keyBytes, MemoryMarshal.AsBytes(slot));
                if (ended != end || slot[2] != expected)
                {
                    throw new InvalidOperationException($"(0x{a:x}, 0x{b:x}): the CLR says 0x{expected:x} and end {end}, the kernel 0x{slot[2]:x} and end {ended}");
                }

                compared++;
            }
        }

        return true;
    }
}
