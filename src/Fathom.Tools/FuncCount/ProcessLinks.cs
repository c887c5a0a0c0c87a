using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Fathom.Runtime;

namespace Fathom.Tools.FuncCount;

/// <summary>
/// Attachments for one process each, or for one thread each where that is all the kernel does. Those of processes that have ended are taken away in the
/// background, since that takes the kernel its time and a number may be given to another process.
/// </summary>
/// <param name="attach">Attaches to a task; gives null and the reason if that fails.</param>
/// <param name="byThread">Whether each thread needs attachments of its own.</param>
/// <param name="most">For how many tasks there may be attachments at a time.</param>
internal sealed class ProcessLinks(AttachToTask attach, bool byThread, int most) : IDisposable
{
    // How many are closed at a time.
    private const int AtOnce = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, (ulong Identity, IReadOnlyList<BpfLink> Links)> _tasks = [];
    private readonly BlockingCollection<IReadOnlyList<BpfLink>> _ended = [];
    private Thread? _closer;
    private int _closing;
    private long _missed;

    /// <summary>How many processes and threads could not be attached to, since the start.</summary>
    public ulong Missed => (ulong)Interlocked.Read(ref _missed);

    /// <summary>Why that was so of the last one of which a reason is known; null for none.</summary>
    public string? Reason { get; private set; }

    /// <summary>What is attached.</summary>
    public IReadOnlyList<BpfLink> Links
    {
        get
        {
            lock (_gate)
            {
                return [.. _tasks.Values.SelectMany(static task => task.Links)];
            }
        }
    }

    /// <summary>
    /// Attaches to a process, unless that is done. Of threads that come meanwhile one must be told otherwise.
    /// </summary>
    /// <param name="process">The process.</param>
    /// <param name="anew">Whether what was attached belongs to a task that is gone, though the number and the process are the same.</param>
    /// <param name="error">Why it failed; ESRCH if the process has ended.</param>
    public AttachOutcome TryAttach(int process, bool anew, out BpfException? error)
    {
        error = null;
        if (!byThread)
        {
            return TryAttachTask(process, anew, out error);
        }

        // The best of its threads: one that ends meanwhile is no loss, and one that lives on is.
        var best = AttachOutcome.Refused;
        var refused = new List<(int Thread, BpfException? Error)>();
        foreach (int thread in ProcessTable.ThreadsOf(process))
        {
            AttachOutcome outcome = TryAttachTask(thread, anew, out BpfException? refusal);
            best = outcome > best ? outcome : best;
            error ??= refusal;
            if (outcome == AttachOutcome.Refused)
            {
                refused.Add((thread, refusal));
            }
        }

        foreach ((int thread, BpfException? refusal) in refused)
        {
            if (best != AttachOutcome.Refused && !ProcessTable.HasEnded(thread))
            {
                CountMissed(refusal?.Advice);
            }
        }

        return best;
    }

    /// <summary>Counts a process or thread that cannot be attached to.</summary>
    /// <param name="reason">Why; null if it has ended.</param>
    public void CountMissed(string? reason)
    {
        Reason = reason?.TrimEnd('.') ?? Reason;
        Interlocked.Increment(ref _missed);
    }

    /// <summary>Whether there are attachments for a task.</summary>
    public bool Has(int task)
    {
        lock (_gate)
        {
            return _tasks.ContainsKey(task);
        }
    }

    /// <summary>Attaches to a task, unless that is done.</summary>
    /// <param name="task">The number of a process, or of a thread.</param>
    /// <param name="anew">As for <see cref="TryAttach"/>.</param>
    /// <param name="error">Why it failed.</param>
    public AttachOutcome TryAttachTask(int task, bool anew, out BpfException? error)
    {
        error = null;
        ProcessLife life = ProcessTable.LifeOf(task, out ulong identity);
        if (life == ProcessLife.Ended)
        {
            return AttachOutcome.Refused;
        }

        if (life == ProcessLife.LostFirstThread && !byThread)
        {
            error = new BpfException("attach to", $"process {task}", 0, "its first thread has ended, and the kernel knows it by that one.");
            return AttachOutcome.Refused;
        }

        (ulong Identity, IReadOnlyList<BpfLink> Links) known;
        lock (_gate)
        {
            if (_tasks.TryGetValue(task, out known))
            {
                if ((known.Identity == identity || life == ProcessLife.Unknown) && !anew)
                {
                    return AttachOutcome.Already;
                }

                _tasks.Remove(task);
            }
        }

        // Before there are others: to the kernel the process is the same one still, whichever of its threads was attached to, and both would count.
        Parallel.ForEach(known.Links ?? [], static link => link.Dispose());
        if (IsFull)
        {
            Sweep();
        }

        if (IsFull)
        {
            error = new BpfException("attach to", $"process {task}", 0, $"there are {most} already, which is as many as can be attached to at a time.");
            return AttachOutcome.Refused;
        }

        IReadOnlyList<BpfLink>? links = attach(task, out error);
        if (links is null)
        {
            return AttachOutcome.Refused;
        }

        lock (_gate)
        {
            _tasks.Add(task, (identity, links));
        }

        return AttachOutcome.Attached;
    }

    /// <summary>Takes away what belongs to processes that have ended. It is called by who attaches, and not meanwhile.</summary>
    public void Sweep()
    {
        int[] tasks;
        lock (_gate)
        {
            tasks = [.. _tasks.Keys];
        }

        foreach (int task in tasks)
        {
            if (ProcessTable.HasEnded(task))
            {
                Remove(task);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Detach(static _ => { });

    /// <summary>Detaches all.</summary>
    /// <param name="left">Told how many are left, from several threads at a time; never called for a few.</param>
    public void Detach(Action<int> left)
    {
        const int Few = 4;
        _ended.CompleteAdding();
        _closer?.Join();
        IReadOnlyList<BpfLink> links = Links;
        int rest = links.Count;
        Parallel.ForEach(links, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, link =>
        {
            link.Dispose();
            int after = Interlocked.Decrement(ref rest);
            if (links.Count > Few)
            {
                left(after);
            }
        });
        _tasks.Clear();
        _ended.Dispose();
    }

    // What is being closed is the kernel's to keep until it is.
    private bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return _tasks.Count + _closing >= most;
            }
        }
    }

    private void Remove(int task)
    {
        lock (_gate)
        {
            if (!_tasks.Remove(task, out (ulong Identity, IReadOnlyList<BpfLink> Links) known))
            {
                return;
            }

            _closing++;
            _ended.Add(known.Links);
        }

        if (_closer is null)
        {
            _closer = new Thread(Close) { IsBackground = true, Name = "close links" };
            _closer.Start();
        }
    }

    // Several at a time: each waits until no CPU can be in the program any more, and that wait is one for all.
    private void Close()
    {
        var some = new List<IReadOnlyList<BpfLink>>();
        while (_ended.TryTake(out IReadOnlyList<BpfLink>? first, Timeout.Infinite))
        {
            some.Add(first);
            while (some.Count < AtOnce && _ended.TryTake(out IReadOnlyList<BpfLink>? next))
            {
                some.Add(next);
            }

            Parallel.ForEach(some.SelectMany(static links => links), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, static link => link.Dispose());
            lock (_gate)
            {
                _closing -= some.Count;
            }

            some.Clear();
        }
    }
}

/// <summary>How an attempt to attach to a process went.</summary>
internal enum AttachOutcome
{
    /// <summary>It has ended (without an error), or may not be attached to.</summary>
    Refused,
    /// <summary>It was attached to before.</summary>
    Already,
    /// <summary>It is attached to now.</summary>
    Attached,
}

/// <summary>Attaches to all places for one task.</summary>
/// <param name="task">The number of the task; 0 for all.</param>
/// <param name="error">Why it failed.</param>
/// <returns>What is attached; null if it failed.</returns>
internal delegate IReadOnlyList<BpfLink>? AttachToTask(int task, out BpfException? error);
