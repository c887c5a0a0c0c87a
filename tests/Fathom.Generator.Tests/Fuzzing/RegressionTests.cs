using System;
using System.IO;
using System.Linq;
using Fathom.Fuzzing.Running;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests.Fuzzing;

/// <summary>What fuzzing found once, made small: each file of Regressions on the CLR, in the interpreter and in the kernel.</summary>
public sealed class RegressionTests
{
    private const int Inputs = 200;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Regressions"), "*.cs").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_interpreter_agrees_with_the_CLR(string file)
    {
        Trial trial = Run(file, Oracles.Interpreter);
        Assert.True(trial.Verdict == Verdict.Agree && trial.Pairs == Inputs, $"{trial.Verdict}: {trial.Message}");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_kernel_agrees_with_the_CLR(string file)
    {
        try
        {
            Trial trial = Run(file, Oracles.Kernel);
            Assert.True(trial.Verdict == Verdict.Agree && trial.KernelPairs == Inputs, $"{trial.Verdict}: {trial.Message}");
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
        }
    }

    private static Trial Run(string file, Oracles oracles) =>
        Trial.Of(SourceFile.Read(Path.Combine(AppContext.BaseDirectory, "Regressions", file)), Inputs, oracles);
}
