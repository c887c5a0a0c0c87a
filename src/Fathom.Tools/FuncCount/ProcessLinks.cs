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
    private readonly Lock _gate = new();
    private readonly Dictionary<int, (ulong Identity, IReadOnlyList<BpfLink> Links)> _tasks = [];
    private readonly BlockingCollection<BpfLink> _ended = [];
    private Thread? _closer;

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

        // The best of its threads: one that ends meanwhile is no loss.
        var best = AttachOutcome.Refused;
        foreach (int thread in ProcessTable.ThreadsOf(process))
        {
            AttachOutcome outcome = TryAttachTask(thread, anew, out BpfException? refusal);
            best = outcome > best ? outcome : best;
            error ??= refusal;
        }

        return best;
    }

    /// <summary>Attaches to a task, unless that is done.</summary>
    /// <param name="task">The number of a process, or of a thread.</param>
    /// <param name="anew">As for <see cref="TryAttach"/>.</param>
    /// <param name="error">Why it failed.</param>
    public AttachOutcome TryAttachTask(int task, bool anew, out BpfException? error)
    {
        error = null;
        ulong identity = ProcessTable.IdentityOf(task);
        lock (_gate)
        {
            if (_tasks.TryGetValue(task, out (ulong Identity, IReadOnlyList<BpfLink> Links) known))
            {
                if (known.Identity == identity && !anew)
                {
                    return AttachOutcome.Already;
                }

                Remove(task, known.Links);
            }

            if (_tasks.Count >= most)
            {
                RemoveEnded();
            }

            if (_tasks.Count >= most)
            {
                error = new BpfException("attach to", $"process {task}", 0, $"there are more than {most} at a time.");
                return AttachOutcome.Refused;
            }
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

    /// <summary>Takes away what belongs to processes that have ended.</summary>
    public void Sweep()
    {
        lock (_gate)
        {
            RemoveEnded();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended.CompleteAdding();
        _closer?.Join();
        var rest = new LinkSet();
        foreach (BpfLink link in Links)
        {
            rest.Add(link);
        }

        rest.Dispose();
        _tasks.Clear();
        _ended.Dispose();
    }

    private void RemoveEnded()
    {
        foreach ((int task, (ulong Identity, IReadOnlyList<BpfLink> Links) known) in _tasks.ToArray())
        {
            if (ProcessTable.IdentityOf(task) == 0)
            {
                Remove(task, known.Links);
            }
        }
    }

    private void Remove(int task, IReadOnlyList<BpfLink> links)
    {
        _tasks.Remove(task);
        foreach (BpfLink link in links)
        {
            _ended.Add(link);
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
        const int AtOnce = 16;
        var some = new List<BpfLink>();
        while (_ended.TryTake(out BpfLink? first, Timeout.Infinite))
        {
            some.Add(first);
            while (some.Count < AtOnce && _ended.TryTake(out BpfLink? next))
            {
                some.Add(next);
            }

            Parallel.ForEach(some, static link => link.Dispose());
            some.Clear();
        }
    }
}

/// <summary>How an attempt to attach to a process went.</summary>
internal enum AttachOutcome
{
    /// <summary>It has ended, or may not be attached to.</summary>
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
