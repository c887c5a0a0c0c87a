namespace Fathom.Runtime;

/// <summary>A place in the code of a file, for programs on user functions.</summary>
/// <param name="Offset">Bytes from the start of the file.</param>
/// <param name="Cookie">What <c>bpf_get_attach_cookie</c> gives there.</param>
/// <param name="Semaphore">Where in the file the counter is that says whether somebody listens (USDT); 0 for none.</param>
public readonly record struct UserProbe(ulong Offset, ulong Cookie = 0, ulong Semaphore = 0);
