using System;
using System.Collections.Generic;
using System.Diagnostics;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A ready tool that says that it traces, but into a buffer that it does not flush: its last attachment is seen in the kernel.</summary>
internal static class PeerProgram
{
    /// <summary>Starts it, and waits until it is attached.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="target">What it attaches to last.</param>
    /// <param name="arguments">Its arguments.</param>
    public static RunningProgram Start(string program, string target, IEnumerable<string> arguments)
    {
        var before = Links(target);
        var peer = RunningProgram.Start(program, arguments);
        var waited = Stopwatch.StartNew();
        while (Links(target) <= before)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), "The peer attached nothing within 20 s: " + peer.Errors);
        }

        return peer;
    }

    private static int Links(string target)
    {
        using var links = RunningProgram.Run(Programs.Find("bpftool", "bpftool"), "link", "list");
        return links.Output.Split($"'{target}").Length - 1;
    }
}
