using System;
using System.Diagnostics;
using System.Linq;

namespace Fathom.Fuzzing.Running;

/// <summary>Where the time of a campaign goes.</summary>
internal enum Phase
{
    /// <summary>Writing the source.</summary>
    Write,
    /// <summary>C#'s own compiler.</summary>
    Emit,
    /// <summary>From C# to BPF.</summary>
    Compile,
    /// <summary>Running on the CLR, which compiles each method first.</summary>
    Clr,
    /// <summary>Running in the interpreter.</summary>
    Interpreter,
    /// <summary>Loading into the kernel, which is the verifier mostly.</summary>
    Load,
    /// <summary>Running in the kernel, and unloading.</summary>
    Kernel,
}

/// <summary>Adds up the time in each phase.</summary>
internal sealed class Clock
{
    private readonly TimeSpan[] _spent = new TimeSpan[Enum.GetValues<Phase>().Length];

    public void Add(Phase phase, TimeSpan time) => _spent[(int)phase] += time;

    public Running Of(Phase phase) => new(this, phase, Stopwatch.GetTimestamp());

    public double Seconds(Phase phase) => _spent[(int)phase].TotalSeconds;

    public override string ToString() => string.Join(",", Enum.GetValues<Phase>().Select(p => $"{p} {Seconds(p):0.0}"));

    /// <summary>A phase that goes on until it is disposed.</summary>
    internal readonly struct Running(Clock clock, Phase phase, long start) : IDisposable
    {
        public void Dispose() => clock.Add(phase, Stopwatch.GetElapsedTime(start));
    }
}
