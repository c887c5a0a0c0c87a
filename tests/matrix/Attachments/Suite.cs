using System;
using System.Linq;
using System.Threading;
using Fathom.Runtime;
using Fathom.Runtime.Interop;

namespace Fathom.Attachments;

/// <summary>Runs tests and prints a line for each, as tests/matrix wants them.</summary>
internal static class Suite
{
    private static int s_failed;

    /// <summary>What tests that fail give as exit code.</summary>
    public static int ExitCode => s_failed > 0 ? 1 : 0;

    /// <summary>Only tests whose names contain this.</summary>
    public static string Only { get; set; } = "";

    /// <summary>
    /// Runs a test. It may say that the kernel lacks something only where a probe of one of the features that it needs finds that too; and where it
    /// passes, no probe may say that the kernel lacks something.
    /// </summary>
    public static void Test(string name, KernelFeature[] needs, Action test)
    {
        if (!name.Contains(Only, StringComparison.Ordinal))
        {
            return;
        }

        string lacks = string.Join("; ", needs.Select(feature => (feature, Answer: Kernel.Running.Probe(feature)))
            .Where(static one => one.Answer.Support == FeatureSupport.No).Select(static one => $"{one.feature.Name}: {one.Answer.Evidence}"));
        string[] before = [.. DescriptorLedger.Open];
        string? problem;
        try
        {
            test();
            problem = lacks.Length == 0 ? LeftOpen(before) : "it passed, although the kernel is said to lack " + lacks;
        }
        catch (BpfException e) when (lacks.Length > 0 && e.Cause is RefusalCause.TooOld or RefusalCause.MissingConfig or RefusalCause.KernelPolicy)
        {
            problem = LeftOpen(before);
            if (problem is null)
            {
                Print($"skip {name}: {lacks}");
                return;
            }
        }
#pragma warning disable CA1031 // Whatever it is, this test failed, and the others are still to be run.
        catch (Exception e)
#pragma warning restore CA1031
        {
            problem = e is TestFailure ? e.Message : $"{e.GetType().Name}: {e.Message}{(lacks.Length > 0 ? " (lacking " + lacks + ")" : "")}\n{e.StackTrace}";
        }

        if (problem is null)
        {
            Print("ok " + name);
            return;
        }

        s_failed++;
        Print($"not ok {name}: {problem.ReplaceLineEndings("\n    ")}");
    }

    /// <summary>Fails the test unless two values are equal.</summary>
    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!Equals(expected, actual))
        {
            throw new TestFailure($"{what}: {actual} in place of {expected}");
        }
    }

    /// <summary>Waits until something is so; what never comes fails the test. An emulated guest is slow.</summary>
    public static void WaitFor(Func<bool> condition, string what)
    {
        if (!SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)))
        {
            throw new TestFailure("waited in vain: " + what);
        }
    }

    /// <summary>Waits until a program is out of the kernel: the last descriptor takes its id, at once or when the kernel comes to it.</summary>
    public static void WaitUntilGone(int program) => WaitFor(
        () =>
        {
            var attributes = new NextIdAttributes { Start = (uint)program - 1 };
            return Kernel.Running.Calls.Bpf(BpfCommand.ProgramNextId, ref attributes) < 0 || attributes.Next != program;
        },
        $"program {program} is still in the kernel");

    private static void Print(string line) => Console.Out.WriteLine(line);

    private static string? LeftOpen(string[] before) =>
        DescriptorLedger.Open.Except(before).ToArray() is { Length: > 0 } left ? "left open: " + string.Join("\n", left) : null;
}

/// <summary>A test found something else than it should.</summary>
internal sealed class TestFailure(string message) : Exception(message);
