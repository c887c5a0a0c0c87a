using System;
using System.Globalization;
using System.Linq;
using Fathom.Compiler.Tests.Kernel;
using Fathom.Format.Objects;
using Fathom.Interpreter;
using Xunit;

namespace Fathom.Compiler.Tests.Random;

/// <summary>
/// Random programs: what the kernel and the interpreter compute with the compiled code is what the evaluator computes from the uncompiled
/// form. More than the few of a test run: <c>FATHOM_FUZZ=first-count</c> in the environment.
/// </summary>
public sealed class RandomProgramTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void The_kernel_computes_what_the_evaluator_computes(int instructionSet)
    {
        Bpf.SkipUnlessAvailable();
        int[] range = Range();
        int tooComplex = 0;
        for (int seed = range[0]; seed < range[0] + range[1]; seed++)
        {
            tooComplex += Compare(seed, instructionSet) ? 0 : 1;
        }

        Assert.True(tooComplex * 20 <= range[1], $"{tooComplex} of {range[1]} programs are too complex for the verifier: the test shows little.");
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(3, true)]
    public void The_interpreter_computes_what_the_evaluator_computes(int instructionSet, bool sharesStack)
    {
        int[] range = Range();
        int compared = 0;
        for (int seed = range[0]; seed < range[0] + range[1]; seed++)
        {
            var result = BpfCompiler.Compile(RandomProgram.Make(seed), new CompilerOptions(instructionSet) { ColourSlots = sharesStack });
            if (result.Object is not null)
            {
                byte[] inputs = RandomProgram.Inputs(seed);
                var module = RandomProgram.Make(seed);
                var evaluator = new Evaluator(module, inputs);
                CompareInterpreted(seed, result.Object, inputs, evaluator, evaluator.Run(module.Functions.Single(f => f.Name == "entry"), 0));
                compared++;
            }
        }

        Assert.True(compared * 20 >= range[1] * 19, $"only {compared} of {range[1]} programs were compiled: the test shows little.");
    }

    [Fact]
    public void Compiling_twice_gives_the_same_code()
    {
        for (int seed = 1; seed < 20; seed++)
        {
            var first = BpfCompiler.Compile(RandomProgram.Make(seed), new CompilerOptions());
            var second = BpfCompiler.Compile(RandomProgram.Make(seed), new CompilerOptions());
            Assert.Equal(
                first.Object!.Functions.SelectMany(f => f.Instructions),
                second.Object!.Functions.SelectMany(f => f.Instructions));
        }
    }

    internal static bool Compare(int seed, int instructionSet)
    {
        var evaluated = RandomProgram.Make(seed);
        var result = BpfCompiler.Compile(RandomProgram.Make(seed), new CompilerOptions(instructionSet, CheckIr: true));
        if (result.Object is null)
        {
            Assert.Contains("bytes of stack", result.Problems[0].Message, StringComparison.Ordinal);
            return false;
        }

        LoadedProgram program;
        try
        {
            program = new LoadedProgram(result.Object, "entry");
        }
        catch (InvalidOperationException e) when (e.Message.Contains("too large", StringComparison.Ordinal)
            || e.Message.Contains("too complex", StringComparison.Ordinal)
            || e.Message.Contains("combined stack size", StringComparison.Ordinal)
            || e.Message.Contains("errno 7", StringComparison.Ordinal))
        {
            return false;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }

        using (program)
        {
            var inputs = RandomProgram.Inputs(seed);
            // Data sections keep what a run wrote: one run for each load.
            var evaluator = new Evaluator(evaluated, inputs);
            long expected = evaluator.Run(evaluated.Functions.Single(f => f.Name == "entry"), 0);
            CompareOptimized(seed, instructionSet, inputs, evaluator, expected);
            CompareInterpreted(seed, result.Object, inputs, evaluator, expected);
            program.Write("data", inputs);
            uint actual = program.Run();
            var data = new byte[RandomProgram.DataBytes];
            program.Read("data", data);
            Assert.True((uint)expected == actual, $"seed {seed}: returned {actual:x}, expected {expected:x}");
            Assert.True(
                data.AsSpan().SequenceEqual(evaluator.Data),
                $"seed {seed}: data differ\n{System.Convert.ToHexString(data)}\n{System.Convert.ToHexString(evaluator.Data)}");
        }

        return true;
    }

    private static int[] Range() =>
        (Environment.GetEnvironmentVariable("FATHOM_FUZZ") ?? "1-150").Split('-').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();

    // The third party: where two of the three agree, the other is wrong.
    private static void CompareInterpreted(int seed, BpfObject value, byte[] inputs, Evaluator evaluator, long expected)
    {
        InterpretedObject loaded = InterpretedObject.Load(new Machine(), value);
        loaded.Maps["data"].Set(new byte[4], inputs);
        RunResult result = loaded.Run("entry");
        Assert.True((uint)expected == (uint)result.Value, $"seed {seed}: the interpreter returns {(uint)result.Value:x}, expected {(uint)expected:x}");
        Assert.True(
            loaded.Maps["data"].GetValue(new byte[4]).SequenceEqual(evaluator.Data),
            $"seed {seed}: the interpreter computes other data");
    }

    // Tells a wrong pass from wrong code generation.
    private static void CompareOptimized(int seed, int instructionSet, byte[] inputs, Evaluator unoptimized, long expected)
    {
        var module = RandomProgram.Make(seed);
        foreach (var function in module.Functions)
        {
            Pipeline.Optimize(function, new CompilerOptions(instructionSet, CheckIr: true));
        }

        var evaluator = new Evaluator(module, inputs);
        long actual = evaluator.Run(module.Functions.Single(f => f.Name == "entry"), 0);
        Assert.True(expected == actual, $"seed {seed}: the passes return {actual:x}, expected {expected:x}");
        Assert.True(unoptimized.Data.SequenceEqual(evaluator.Data), $"seed {seed}: the passes compute other data");
    }
}
