using System;
using System.Threading;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// Takes records out of a ring buffer while their reader is busy with others, on a thread of its own: whenever a program wakes the reader
/// (<c>BPF_RB_FORCE_WAKEUP</c>), and ten times a second. So a reader that is held up, by a slow disk for example, costs memory and no records.
/// Dispose it before the ring buffer.
/// </summary>
public sealed class RingWatch : IDisposable
{
    private const int PaceMilliseconds = 100;

    // EPOLLIN, and EPOLLET: what waits there without a wake-up is no reason to look.
    private const uint Readable = 1, OnlyChanges = 1u << 31;

    private readonly OrderedRecords _records;
    private readonly KernelCalls _calls;
    private readonly KernelDescriptor _end;
    private readonly KernelDescriptor _poll;
    private readonly Thread _thread;
    private volatile bool _isEnding;

    /// <summary>Begins.</summary>
    /// <param name="ring">The ring buffer.</param>
    /// <param name="records">Where its records go.</param>
    /// <exception cref="MapException">The kernel refuses to wait.</exception>
    public RingWatch(BpfRingBuffer ring, OrderedRecords records)
    {
        ArgumentNullException.ThrowIfNull(ring);
        ArgumentNullException.ThrowIfNull(records);
        _records = records;
        _calls = ring.Map.Kernel.Calls;
        _end = _calls.OpenEvent();
        KernelDescriptor? poll = _calls.OpenPoll(out int error);
        error = poll is null ? error : _calls.AddToPoll(poll, ring.Map.Descriptor, Readable | OnlyChanges);
        error = error != 0 ? error : _calls.AddToPoll(poll!, _end, Readable);
        if (error != 0)
        {
            poll?.Dispose();
            _end.Dispose();
            throw ring.Map.Failure("wait for records of", error);
        }

        _poll = poll!;
        _thread = new Thread(Watch, 256 * 1024) { IsBackground = true, Name = "ring buffer" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isEnding)
        {
            return;
        }

        _isEnding = true;
        _calls.Write(_end, [1, 0, 0, 0, 0, 0, 0, 0]);
        _thread.Join();
        _poll.Dispose();
        _end.Dispose();
    }

    private void Watch()
    {
        while (!_isEnding)
        {
            _calls.WaitForPoll(_poll, PaceMilliseconds);
            _records.Fill();
        }
    }
}
