using System.Collections.Generic;
using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>The kernel's verifier refused a program.</summary>
public sealed class VerifierRejectedException : BpfException
{
    internal VerifierRejectedException(string program, int errorNumber, VerifierLog log, VerifierExplanation explanation)
        : base("verify", program, errorNumber, explanation.Words, Describe(program, errorNumber, log, explanation))
    {
        Log = log.Text;
        DecisiveLine = log.DecisiveLine;
        Position = explanation.Position;
        Kind = explanation.Kind;
        CallStack = explanation.Calls;
        OmittedLines = log.OmittedLines;
        Cause = explanation.Kind == VerifierErrorKind.MissingInKernel || KernelFeatures.FindUnknownHelper(log) is not null
            ? RefusalCause.TooOld
            : RefusalCause.Other;
    }

    /// <inheritdoc/>
    public override RefusalCause Cause { get; }

    /// <summary>All that the verifier said.</summary>
    public string Log { get; }

    /// <summary>The line of the log that says why.</summary>
    public string DecisiveLine { get; }

    /// <summary>Where in the source (<c>File.cs(12,5)</c>); empty if the object has no source positions.</summary>
    public string Position { get; }

    /// <summary>Lines of the log that the message does not show.</summary>
    public int OmittedLines { get; }

    /// <summary>What the verifier found; <c>docs/verifier.md</c> says what to do about it.</summary>
    public VerifierErrorKind Kind { get; }

    /// <summary>
    /// The calls that the position is in, innermost first, for example <c>Inner, inlined at Probe.cs(12,20)</c>; empty in the program's own body,
    /// or if the object does not say.
    /// </summary>
    public IReadOnlyList<string> CallStack { get; }

    private static string Describe(string program, int errorNumber, VerifierLog log, VerifierExplanation explanation)
    {
        string where = explanation.Position.Length == 0 ? "" : explanation.Position + ": ";
        string why = explanation.Words.Length == 0 ? explanation.Line : explanation.Words + " [" + explanation.Line + "]";
        string calls = explanation.Calls.Count == 0 ? "" : "; in " + string.Join(", in ", explanation.Calls);
        string rest = log.OmittedLines == 0 ? "" : $" ({log.OmittedLines} {(log.OmittedLines == 1 ? "line" : "lines")} omitted)";
        return $"{where}{why}{calls} (verifying {program}: {Errno.NameOf(errorNumber)}){rest}";
    }
}
