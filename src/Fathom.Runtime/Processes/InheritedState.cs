using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// What this process inherited and changed for itself, and what the programs that it starts must nevertheless get: they are to run as they would
/// without it.
/// </summary>
internal static unsafe class InheritedState
{
    private const int Interrupt = 2;
    private const int BrokenPipe = 13;
    private const int ChildEnded = 17;
    private const int SignalCount = 64;

    private static readonly KernelCalls Calls = new(LinuxSystemCalls.Instance, static () => false);
    private static ulong? s_ignored;

    /// <summary>
    /// The signals that were ignored when this process began; bit 0 is signal 1. The .NET runtime has then set SIGPIPE to be ignored already, and what
    /// it was before cannot be known: it counts as not ignored.
    /// </summary>
    public static ulong IgnoredSignals => s_ignored ??= ReadIgnored();

    /// <summary>How many files this process could open when it began; null if that was not changed.</summary>
    public static ResourceLimit? OpenFiles { get; private set; }

    /// <summary>
    /// Makes of what was inherited what a tool needs. To be called first of all, before the .NET runtime handles signals: it leaves those alone that
    /// are ignored.
    /// </summary>
    public static void TakeOver()
    {
        s_ignored = ReadIgnored();

        // A script's background jobs ignore SIGINT; whoever sends it to a tool wants its result all the same. SIGHUP stays ignored, as nohup wants it.
        SetDefault(Interrupt);

        // Of children whose end is ignored nobody learns how they ended.
        SetDefault(ChildEnded);
        RaiseOpenFiles();
    }

    private static void SetDefault(int signal)
    {
        if ((s_ignored & Bit(signal)) != 0)
        {
            var action = default(SignalAction);
            Calls.Raw.ActOnSignal(signal, &action, null);
        }
    }

    // The lower limit is there for programs that use select(2), with its 1024 bits. A probe, a map and a program each take a descriptor.
    private static void RaiseOpenFiles()
    {
        ResourceLimit limit = Calls.GetLimit(ResourceLimit.OpenFiles);
        ResourceLimit raised = limit with { Soft = limit.Hard };
        if (limit.Soft < limit.Hard && Calls.Raw.LimitResource(ResourceLimit.OpenFiles, &raised, null) >= 0)
        {
            OpenFiles = limit;
        }
    }

    private static ulong ReadIgnored()
    {
        ulong ignored = 0;
        for (int signal = 1; signal <= SignalCount; signal++)
        {
            SignalAction action;
            if (signal != BrokenPipe && Calls.Raw.ActOnSignal(signal, null, &action) >= 0 && action.Handler == SignalAction.Ignore)
            {
                ignored |= Bit(signal);
            }
        }

        return ignored;
    }

    private static ulong Bit(int signal) => 1UL << (signal - 1);
}
