namespace Fathom.Runtime;

/// <summary>Where a uprobe that counts the calls of a function goes, if there is such a place.</summary>
/// <param name="Offset">
/// Bytes behind the beginning of the function. Not 0 where the first instruction is the dear <c>endbr64</c> and the next is passed as often, and
/// where the function comes back to its beginning and a later place is passed once a call: behind the check of the stack of Go's functions.
/// </param>
/// <param name="Verdict">What a probe there is.</param>
/// <param name="Miscount">Why a probe there would not count calls, in a phrase that follows "it"; empty if each call passes it once.</param>
public readonly record struct ProbeSite(int Offset, ProbeVerdict Verdict, string Miscount)
{
    /// <summary>Whether calls can be counted there without changing what the program computes.</summary>
    public bool IsCountable => !Verdict.IsRefused && Miscount.Length == 0;
}
