using System;
using Fathom.Format.Objects;
using Fathom.Interpreter;
using Fathom.Runtime;

namespace Fathom.Fuzzing.Running;

/// <summary>How a trial ended.</summary>
internal enum Verdict
{
    /// <summary>All oracles agree.</summary>
    Agree,
    /// <summary>The program is larger than BPF allows, which docs/language.md says.</summary>
    TooLarge,
    /// <summary>Two oracles differ.</summary>
    Mismatch,
    /// <summary>The kernel's verifier or the loader refuses the program.</summary>
    LoadFailure,
    /// <summary>The compiler threw an exception of its own.</summary>
    Crash,
    /// <summary>C#, or a diagnostic of Fathom's, refuses the source.</summary>
    Refused,
}

/// <summary>Who is asked besides the CLR.</summary>
[Flags]
internal enum Oracles
{
    None = 0,
    Kernel = 1,
    Interpreter = 2,
}

/// <summary>One subject over all its inputs.</summary>
internal sealed class Trial
{
    private Trial()
    {
    }

    public Verdict Verdict { get; private set; }

    /// <summary>What was found, or why the program is too large.</summary>
    public string Message { get; private set; } = "";

    /// <summary>Inputs on which the CLR was compared with another.</summary>
    public int Pairs { get; private set; }

    /// <summary>Inputs on which the kernel was one of them.</summary>
    public int KernelPairs { get; private set; }

    /// <summary>Inputs that end with a fault.</summary>
    public int Faults { get; private set; }

    /// <summary>Inputs that the CLR cannot run, because a quotient wraps.</summary>
    public int Unknown { get; private set; }

    /// <summary>True if the kernel ran it.</summary>
    public bool RanInKernel { get; private set; }

    /// <summary>Compares what was compiled. An exception that says what the machine lacks (no root) comes out.</summary>
    public static Trial Run(Compiled compiled, Input[] inputs, Oracles oracles, Clock clock)
    {
        var trial = new Trial();
        if (compiled.Crash is { } crash)
        {
            return trial.End(Verdict.Crash, crash);
        }

        if (compiled.Program is not { } program)
        {
            string why = compiled.Refusal ?? "no object";
            return trial.End(Array.Exists(s_large, l => why.Contains(l, StringComparison.Ordinal)) ? Verdict.TooLarge : Verdict.Refused, why);
        }

        var expected = new Outcome?[inputs.Length];
        using (clock.Of(Phase.Clr))
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                expected[i] = compiled.Clr!.Run(inputs[i]);
                trial.Faults += expected[i]?.End == 0 ? 1 : 0;
                trial.Unknown += expected[i] is null ? 1 : 0;
            }
        }

        trial.RunInInterpreter(program, inputs, expected, oracles, clock);
        trial.RunInKernel(program, inputs, expected, oracles, clock);
        return trial;
    }

    /// <summary>Compiles one subject and compares it with all that is there.</summary>
    public static Trial Of(Subject subject, int inputs, Oracles oracles = Oracles.Interpreter | Oracles.Kernel, Compiler.CompilerOptions? compiler = null)
    {
        using Batch batch = Batch.Compile([subject], compiler);
        return Run(batch.Subjects[0], Input.Of(subject.Seed, inputs), oracles, new Clock());
    }

    private static readonly string[] s_large = ["FTH0013", "FTH0023"];

    private void RunInInterpreter(BpfObject program, Input[] inputs, Outcome?[] expected, Oracles oracles, Clock clock)
    {
        if ((oracles & Oracles.Interpreter) == 0)
        {
            return;
        }

        using (clock.Of(Phase.Interpreter))
        {
            try
            {
                Compare("the interpreter", inputs, expected, new InterpreterOracle(program).Run);
            }
            catch (InterpreterException e)
            {
                End(Verdict.Mismatch, "the interpreter stops: " + e.Message);
            }
        }
    }

    private void RunInKernel(BpfObject program, Input[] inputs, Outcome?[] expected, Oracles oracles, Clock clock)
    {
        if ((oracles & Oracles.Kernel) == 0 || Verdict != Verdict.Agree)
        {
            return;
        }

        KernelOracle kernel;
        try
        {
            using (clock.Of(Phase.Load))
            {
                // Through the file, as a built program goes.
                kernel = new KernelOracle(ObjectFile.Parse(ObjectFile.Write(program)));
            }
        }
        catch (VerifierRejectedException e)
        {
            End(IsLimit(e.Message) is { } limit ? Verdict.TooLarge : Verdict.LoadFailure, IsLimit(e.Message) ?? e.Message);
            return;
        }

        using (kernel)
        using (clock.Of(Phase.Kernel))
        {
            RanInKernel = true;
            Compare("the kernel", inputs, expected, kernel.Run);
            KernelPairs = Pairs;
        }
    }

    /// <summary>The kernel's own words for a program that is too large.</summary>
    private static string? IsLimit(string message) =>
        message.Contains("combined stack", StringComparison.Ordinal) ? "combined stack"
        : message.Contains("too large", StringComparison.Ordinal) ? "program too large"
        : message.Contains("too complex", StringComparison.Ordinal) ? "too many jumps"
        : null;

    private void Compare(string name, Input[] inputs, Outcome?[] expected, Func<Input, Outcome> run)
    {
        int pairs = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (expected[i] is not { } wanted)
            {
                // Of what the CLR does not know, the first to run has the word.
                expected[i] = run(inputs[i]);
                continue;
            }

            pairs++;
            if (wanted.Difference(run(inputs[i]), "the CLR", name) is { } difference)
            {
                End(Verdict.Mismatch, $"input {i} (0x{inputs[i].A:x}, 0x{inputs[i].B:x}): {difference}");
                break;
            }
        }

        Pairs = Math.Max(Pairs, pairs);
    }

    private Trial End(Verdict verdict, string message)
    {
        (Verdict, Message) = (verdict, message);
        return this;
    }
}
