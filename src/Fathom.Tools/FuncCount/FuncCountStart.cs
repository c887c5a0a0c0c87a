using System;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Threading;
using Fathom.Tools.Hosting;

namespace Fathom.Tools.FuncCount;

/// <summary>
/// Finds and attaches on a thread of its own. To attach is the kernel's work, in system calls that cannot be interrupted; who asks for the end meanwhile
/// has the result at once all the same. So has who is told that counting costs more than it may: what is attached first costs already.
/// </summary>
internal sealed class FuncCountStart : IDisposable
{
    // On a terminal, where it goes away again; and where it would stay.
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_while = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    private readonly ToolRequest _request;
    private readonly BudgetWatch _budget;
    private readonly CancellationTokenSource _stop;
    private readonly ManualResetEventSlim _done = new();
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _error;
    private volatile FuncCountProbeSource? _source;

    private FuncCountStart(ToolRequest request, Action<FuncCountStart> work)
    {
        _request = request;
        _budget = new BudgetWatch(() => _source?.ReadCost(), request.Budget, Environment.ProcessorCount);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(request.Stop);
        _thread = new Thread(() =>
        {
            try
            {
                work(this);
            }
            catch (Exception e)
            {
                _error = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                _done.Set();
            }
        })
        {
            IsBackground = true,
            Name = "attach",
        };
    }

    /// <summary>What counts; null if that has not begun.</summary>
    public FuncCountProbeSource? Source
    {
        get => _source;
        set => _source = value;
    }

    /// <summary>Ends counting and attaching.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>That counting cost more than it may while it attached, as <see cref="BudgetWatch.FindExcess"/> says it; null if it did not.</summary>
    public string? Excess { get; private set; }

    /// <summary>What goes on, in words, for people who wait.</summary>
    public string Doing { get; set; } = "looking for what matches";

    /// <summary>Works until it is done, the end is asked for, or it costs too much.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="work">The work; sets <see cref="Source"/> as soon as it counts.</param>
    /// <returns>The work, which may go on; to dispose of it waits for its end.</returns>
    /// <exception cref="Exception">That of the work, if it failed before the end was asked for.</exception>
    public static FuncCountStart Run(ToolRequest request, Action<FuncCountStart> work)
    {
        var start = new FuncCountStart(request, work);
        start._thread.Start();
        start.WaitUntilDone();
        if (!start.Stop.IsCancellationRequested && start._error is { } error)
        {
            start.Dispose();
            error.Throw();
        }

        return start;
    }

    /// <summary>Waits until the work has ended.</summary>
    public void Dispose()
    {
        _thread.Join();
        _done.Dispose();
        _stop.Dispose();
    }

    private void WaitUntilDone()
    {
        long begin = Stopwatch.GetTimestamp();
        bool isTold = false;
        while (!Stop.IsCancellationRequested && WaitHandle.WaitAny([_done.WaitHandle, Stop.WaitHandle], s_pace) == WaitHandle.WaitTimeout)
        {
            Excess = _budget.FindExcess(Stopwatch.GetElapsedTime(begin));
            if (Excess is not null)
            {
                _stop.Cancel();
            }

            if (Stopwatch.GetElapsedTime(begin) < (_request.Status is null ? s_while : s_moment))
            {
                continue;
            }

            string text = $"{Doing}; Ctrl-C ends it";
            _request.Status?.Invoke(text);
            if (_request.Status is null && !isTold)
            {
                _request.Note(text);
            }

            isTold = true;
        }

        if (isTold)
        {
            _request.Status?.Invoke("");
        }
    }
}
