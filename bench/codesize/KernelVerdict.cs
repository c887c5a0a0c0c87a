namespace Fathom.CodeSize;

/// <summary>What a kernel did with a program.</summary>
internal enum KernelOutcome
{
    /// <summary>Verified and, where its section says to what, attached.</summary>
    Accepted,

    /// <summary>Refused, although this kernel has all that it needs.</summary>
    Refused,

    /// <summary>Refused, because this kernel was asked and lacks something that it needs.</summary>
    NotThere,
}

/// <summary>What the running kernel says of one program.</summary>
/// <param name="Program">Class and method.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why it was not accepted, in one line; of an accepted one, what the kernel tells of it.</param>
/// <param name="Log">All that the verifier said of one that is refused; otherwise empty.</param>
internal sealed record KernelVerdict(string Program, KernelOutcome Outcome, string Reason, string Log)
{
    /// <summary>The line that is printed, as the tests in guests print theirs: <c>ok</c>, <c>not ok</c> or <c>skip</c>, a name, a reason.</summary>
    public override string ToString()
    {
        string word = Outcome switch { KernelOutcome.Accepted => "ok", KernelOutcome.Refused => "not ok", _ => "skip" };
        return Reason.Length == 0 ? $"{word} {Program}" : $"{word} {Program}: {Reason}";
    }
}
