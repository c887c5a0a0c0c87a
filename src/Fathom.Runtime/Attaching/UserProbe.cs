namespace Fathom.Runtime;

/// <summary>A place in the code of a file, for programs on user functions.</summary>
/// <param name="Offset">Bytes from the start of the file.</param>
/// <param name="Cookie">What <c>bpf_get_attach_cookie</c> gives there.</param>
/// <param name="Semaphore">Where in the file the counter is that says whether somebody listens (USDT); 0 for none.</param>
public readonly record struct UserProbe(ulong Offset, ulong Cookie = 0, ulong Semaphore = 0)
{
    /// <summary>
    /// For return probes, the caller's word that no exception and no end of a thread (<c>pthread_exit</c>, <c>pthread_cancel</c>) passes through a call
    /// of the function: it would find the kernel's address on the stack in place of the caller's, and end the process. Without it a return probe in
    /// a file that can throw, or be thrown through (C++, Rust), is refused.
    /// </summary>
    public bool IsNeverUnwound { get; init; }
}
