using System;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>
/// A network namespace of the test's own, with nothing but loopback: that of a thread, so that nothing is left behind however the test ends.
/// What runs in it makes sockets, and starts processes, there.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    // CLONE_NEWNET
    private const int NewNetwork = 0x4000_0000;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public TestNetwork()
    {
        Programs.NeedRoot();
        var ip = Programs.Find("ip", "iproute2");
        _thread = new Thread(Work) { IsBackground = true, Name = "network" };
        _thread.Start();
        var error = Run(static () => unshare(NewNetwork) == 0 ? 0 : Marshal.GetLastPInvokeError());
        Assert.SkipWhen(error != 0, $"No network namespace can be had: errno {error}.");
        Number = Run(static () => uint.Parse(
            new FileInfo("/proc/thread-self/ns/net").LinkTarget!.AsSpan().Trim("net:[]"), CultureInfo.InvariantCulture));
        Start(ip, "link", "set", "lo", "up");
    }

    /// <summary>The number that the kernel gives it.</summary>
    public uint Number { get; }

    /// <summary>Runs something in it.</summary>
    public T Run<T>(Func<T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                result.SetResult(action());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>Runs a program in it to its end, and gives what it printed.</summary>
    public string Start(string file, params string[] arguments)
    {
        using var program = Run(() => RunningProgram.Start(file, arguments));
        program.WaitForExit();
        Assert.True(program.ExitCode == 0, program.Errors);
        return program.Output;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int unshare(int flags);

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
