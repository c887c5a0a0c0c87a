using Fathom.Bpf;

namespace Fathom.Tools.Shared.Calls;

/// <summary>Which system calls count, by what they are and how they end.</summary>
[BpfPart]
internal static unsafe partial class CallFilter
{
    /// <summary>Whether only calls that have failed count.</summary>
    [Constant]
    public static readonly bool OnlyFailed;

    /// <summary>The only error that counts; 0 for all.</summary>
    [Constant]
    public static readonly uint OnlyError;

    /// <summary>Whether only one call counts, of either interface.</summary>
    [Constant]
    public static readonly bool OnlyCall;

    /// <summary>That call.</summary>
    [Constant]
    public static readonly uint Call;

    /// <summary>The same in the 32-bit interface.</summary>
    [Constant]
    public static readonly uint CompatCall;

    /// <summary>Whether a call counts that has ended.</summary>
    public static bool Wants(CallEnd end) =>
        (!OnlyFailed || end.IsFailed) && (OnlyError == 0 || end.Result == -(long)OnlyError) && (!OnlyCall || end.Call == Call || end.Call == CompatCall);
}
