using System.Collections.Generic;
using System.Linq;
using Fathom.Fuzzing;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests.Fuzzing;

/// <summary>
/// A few hundred of the random methods of eng/fuzz, always the same: what the interpreter and the kernel compute is what the CLR computes.
/// </summary>
public sealed class RandomMethodTests
{
    // All mutations of eng/fuzz/mutations.tsv are found within so many.
    private const int Programs = 300;

    private const int KernelPrograms = 150;

    [Fact]
    public void The_interpreter_computes_what_the_CLR_computes() => Run(new Options { Count = Programs });

    [Fact]
    public void The_interpreter_computes_it_where_variables_share_the_stack() => Run(new Options { First = 1001, Count = Programs / 2, SharesStack = true });

    [Fact]
    public void The_kernel_computes_what_the_CLR_computes()
    {
        try
        {
            Run(new Options { First = Programs + 1, Count = KernelPrograms, KernelShare = 1 });
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
        }
    }

    private static void Run(Options options)
    {
        var failures = new List<string>();
        var worker = new Worker(options) { Found = (subject, trial) => failures.Add($"seed {subject.Seed}: {trial.Verdict}: {trial.Message}\n{subject.Source}") };
        worker.Run();
        Assert.True(failures.Count == 0, failures.Count + " findings (eng/fuzz/run reduce SEED makes one small), the first:\n" + failures.FirstOrDefault());

        Totals totals = worker.Totals;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", Totals.Names) + ": " + totals);
        Assert.Equal(options.Count, totals.Programs);
        Assert.True(totals.TooLarge * 10 < options.Count, $"{totals.TooLarge} programs are too large: the test shows little");
        Assert.True(totals.Pairs > options.Count * 17 && totals.Faults > options.Count, $"{totals.Pairs} runs were compared, {totals.Faults} faults: the test shows little");
        Assert.Equal(options.KernelShare > 0, totals.KernelPrograms > options.Count * 9 / 10);
    }
}
