namespace Fathom.Runtime;

/// <summary>
/// A probe on code of a user program is not placed, because the program would not be the same with it (<c>docs/probes.md</c>). The kernel was not asked.
/// </summary>
public sealed class ProbeRefusedException : BpfException
{
    internal ProbeRefusedException(string program, string path, string function, UserProbe probe, ProbeRefusal refusal)
        : base("attach", $"{program} to {path}:{(function.Length > 0 ? function : $"0x{probe.Offset:x}")}", 0, $"there is {refusal}.")
    {
        Function = function;
        Probe = probe;
        Refusal = refusal;
    }

    /// <summary>The function that the place is in, with the distance from its beginning, such as <c>memset+0x4</c>; empty if it is not known. Hostile if the file is.</summary>
    public string Function { get; }

    /// <summary>The place.</summary>
    public UserProbe Probe { get; }

    /// <summary>What stands there, and what is wrong with a probe on it.</summary>
    public ProbeRefusal Refusal { get; }
}
