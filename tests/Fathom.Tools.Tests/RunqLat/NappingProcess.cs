using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using Xunit;

namespace Fathom.Tools.Tests.RunqLat;

/// <summary>
/// A process that sleeps until it is told to go on, on the same CPU as one that is always busy. Woken, it waits until the other's time is up: a thread of
/// its scheduling policy takes the CPU from none.
/// </summary>
internal sealed class NappingProcess : IDisposable
{
    private readonly Process _napper = Start("while read -r line; do :; done", "chrt", "--batch", "0");
    private readonly Process _busy = Start("while :; do :; done");

    /// <summary>Its number.</summary>
    public int Id => _napper.Id;

    /// <summary>
    /// How often it was taken from the CPU, and for how long it waited for one, both as the kernel counts them. Asked while it sleeps: it was then given the
    /// CPU as often.
    /// </summary>
    public (long Times, long WaitedNs) Given
    {
        get
        {
            WaitForSleep();
            return (SwitchWitness.SwitchesOf(Read("status")), long.Parse(Read("schedstat").Split(' ')[1], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Wakes it, each time when it sleeps again.</summary>
    public void Wake(int times)
    {
        for (int i = 0; i < times; i++)
        {
            WaitForSleep();
            _napper.StandardInput.Write('\n');
            _napper.StandardInput.Flush();
        }

        WaitForSleep();
    }

    public void Dispose()
    {
        foreach (Process process in (Process[])[_napper, _busy])
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }

    private static Process Start(string script, params string[] way)
    {
        // The CPU is the last one that there is, where less else happens.
        string cpu = (Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(Programs.Find("taskset", "util-linux"), ["-c", cpu, .. way, "/bin/sh", "-c", script]) { RedirectStandardInput = true };
        return Process.Start(start)!;
    }

    // It has read all that it was given, and waits for more.
    private void WaitForSleep()
    {
        var waited = Stopwatch.StartNew();
        while (Read("comm") != "sh" || Read("stat").Split(' ')[2] != "S")
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "The process does not sleep: " + Read("status"));
            Thread.Sleep(1);
        }
    }

    private string Read(string file) => File.ReadAllText($"/proc/{Id}/{file}").TrimEnd('\n');
}
