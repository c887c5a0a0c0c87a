using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>The same C# methods on the CLR and, compiled to BPF, in the running kernel: the results must be equal.</summary>
public sealed class SemanticsTests(SemanticsTests.Fixture fixture) : IClassFixture<SemanticsTests.Fixture>
{
    private static readonly ulong[] s_interesting = [0, 1, 2, 5, 7, 31, 63, 0x7f, 0x80, 0xff, 100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, ulong.MaxValue - 6, ulong.MaxValue];

    public static TheoryData<string> Methods
    {
        get
        {
            var data = new TheoryData<string>();
            foreach (string name in MethodNames(File.ReadAllText(CasesPath)))
            {
                data.Add(name);
            }

            return data;
        }
    }

    private static string CasesPath => Path.Combine(AppContext.BaseDirectory, "Cases", "Methods.cs");

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_kernel_agrees_with_the_CLR(string name)
    {
        fixture.Require();
        MethodInfo method = fixture.Methods.GetMethod(name)!;
        var random = new System.Random(17);
        int compared = 0;
        foreach ((ulong a, ulong b) in s_interesting.SelectMany(a => s_interesting.Select(b => (a, b)))
            .Concat(Enumerable.Range(0, 200).Select(_ => ((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)))))
        {
            ulong expected;
            try
            {
                expected = (ulong)method.Invoke(null, [a, b])!;
            }
            catch (TargetInvocationException)
            {
                continue;
            }

            ulong actual = fixture.Run(name, a, b);
            Assert.True(expected == actual, $"{name}(0x{a:x}, 0x{b:x}): the CLR says 0x{expected:x}, the kernel 0x{actual:x}");
            compared++;
        }

        Assert.True(compared > 300, $"only {compared} inputs did not throw");
    }

    private static string[] MethodNames(string source) =>
        [.. System.Text.RegularExpressions.Regex.Matches(source, @"^    public static ulong (\w+)\(ulong a, ulong b\)", System.Text.RegularExpressions.RegexOptions.Multiline).Select(m => m.Groups[1].Value)];

    /// <summary>All methods compiled once, each called by a program of its own.</summary>
    public sealed class Fixture : IDisposable
    {
        private readonly LoadedObject? _loaded;
        private readonly string? _why;

        public Fixture()
        {
            string cases = File.ReadAllText(CasesPath);
            string programs = string.Join("\n", MethodNames(cases).Select(n => $$"""
                    [Syscall] static int {{n}}()
                    {
                        Slot* slot = Io.Lookup(0);
                        if (slot == null) { return 1; }
                        slot->Result = Cases.Methods.{{n}}(slot->A, slot->B);
                        return 0;
                    }
                """));
            Assembly assembly = Compiling.Build(cases, $$"""
                using Fathom.Bpf;
                struct Slot { public ulong A, B, Result; }
                [BpfObject]
                static unsafe partial class Runner
                {
                    [Map(MaxEntries = 1)] static readonly ArrayMap<Slot> Io = new();
                {{programs}}
                }
                """);
            Methods = assembly.GetType("Cases.Methods")!;
            byte[] bytes = Compiling.ObjectFileOf(assembly, "Runner");
            try
            {
                _loaded = LoadedObject.Load(Kernel.Running, ObjectFile.Parse(bytes));
            }
            catch (MissingCapabilityException e)
            {
                _why = e.Message;
            }
        }

        public Type Methods { get; }

        public void Require() => Assert.SkipWhen(_why is not null, _why ?? "");

        public ulong Run(string program, ulong a, ulong b)
        {
            BpfMap map = _loaded!.GetMap("Io");
            uint key = 0;
            ReadOnlySpan<byte> keyBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key));
            Span<ulong> slot = [a, b, 0xdead];
            map.Update(keyBytes, MemoryMarshal.AsBytes(slot));
            Assert.Equal(0u, _loaded.GetProgram(program).TestRun().ReturnValue);
            Assert.True(map.TryLookup(keyBytes, MemoryMarshal.AsBytes(slot)));
            return slot[2];
        }

        public void Dispose() => _loaded?.Dispose();
    }
}
