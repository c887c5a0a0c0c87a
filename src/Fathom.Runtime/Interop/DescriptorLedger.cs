using System;
using System.Collections.Concurrent;
using System.Collections.Generic;

namespace Fathom.Runtime.Interop;

/// <summary>
/// Which handles are open and where they were made, for tests: a descriptor that is left to the finalizer is a program or a link that
/// lives on for an unknown time. Off by default, because a stack trace costs far more than the descriptor.
/// </summary>
internal static class DescriptorLedger
{
    private static ConcurrentDictionary<object, string>? _open;

    /// <summary>Starts to record.</summary>
    public static void Enable() => _open ??= new();

    /// <summary>What is open now: purpose and stack of its making.</summary>
    public static IReadOnlyCollection<string> Open => _open is { } open ? [.. open.Values] : [];

    /// <summary>Records a new handle.</summary>
    public static void Opened(object handle, string purpose)
    {
        if (_open is { } open)
        {
            open[handle] = purpose + Environment.NewLine + Environment.StackTrace;
        }
    }

    /// <summary>Forgets a handle.</summary>
    public static void Closed(object handle) => _open?.TryRemove(handle, out _);
}
