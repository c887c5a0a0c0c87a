using System.Collections.Generic;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Paths as a process sees them, whose root may be another folder than ours.</summary>
internal static class ProcessPaths
{
    // The kernel's limit: https://github.com/torvalds/linux/blob/v6.18/include/linux/namei.h (MAXSYMLINKS)
    private const int MostLinks = 40;

    /// <summary>
    /// The path without links, as the kernel would find it with that root: behind <c>/proc/PID/root</c> it takes absolute links to begin
    /// at our own root instead. Never leads out of the root. What does not exist stays as it is written.
    /// </summary>
    /// <param name="calls">The system calls.</param>
    /// <param name="root">The folder that is the root, without a slash at its end; empty for our own.</param>
    /// <param name="path">An absolute path inside of it.</param>
    public static string Resolve(KernelCalls calls, string root, string path)
    {
        var ahead = new Stack<string>();
        Push(ahead, path);
        string resolved = "";
        int links = 0;
        while (ahead.TryPop(out string? part))
        {
            if (part == "..")
            {
                resolved = resolved[..System.Math.Max(0, resolved.LastIndexOf('/'))];
            }
            else if (links < MostLinks && calls.ReadLink($"{root}{resolved}/{part}") is { } target)
            {
                links++;
                resolved = target.StartsWith('/') ? "" : resolved;
                Push(ahead, target);
            }
            else
            {
                resolved += "/" + part;
            }
        }

        return resolved.Length > 0 ? resolved : "/";
    }

    private static void Push(Stack<string> ahead, string path)
    {
        string[] parts = path.Split('/');
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] is not ("" or "."))
            {
                ahead.Push(parts[i]);
            }
        }
    }
}
