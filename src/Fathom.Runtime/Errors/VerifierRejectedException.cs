namespace Fathom.Runtime;

/// <summary>The kernel's verifier refused a program.</summary>
public sealed class VerifierRejectedException : BpfException
{
    internal VerifierRejectedException(string program, int errorNumber, VerifierLog log, string position, string explanation)
        : base("verify", program, errorNumber, explanation, Describe(program, errorNumber, log, position, explanation))
    {
        Log = log.Text;
        DecisiveLine = log.DecisiveLine;
        Position = position;
        OmittedLines = log.OmittedLines;
    }

    /// <summary>All that the verifier said.</summary>
    public string Log { get; }

    /// <summary>The line of the log that says why.</summary>
    public string DecisiveLine { get; }

    /// <summary>Where in the source (<c>File.cs(12,5)</c>); empty if the object has no source positions.</summary>
    public string Position { get; }

    /// <summary>Lines of the log that the message does not show.</summary>
    public int OmittedLines { get; }

    private static string Describe(string program, int errorNumber, VerifierLog log, string position, string explanation)
    {
        string where = position.Length == 0 ? "" : position + ": ";
        string why = explanation.Length == 0 ? log.DecisiveLine : explanation + " [" + log.DecisiveLine + "]";
        string rest = log.OmittedLines == 0 ? "" : $" ({log.OmittedLines} {(log.OmittedLines == 1 ? "line" : "lines")} omitted)";
        return $"{where}{why} (verifying {program}: {Interop.Errno.NameOf(errorNumber)}){rest}";
    }
}
