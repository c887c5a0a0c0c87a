using System;
using System.Threading;
using Fathom.Runtime.Interop;

namespace Fathom.Tools.Hosting;

/// <summary>Asks for the end as soon as the process that is traced has ended, or nobody reads the output any more.</summary>
internal sealed class EndWatch : IDisposable
{
    private const int None = -1;

    private readonly KernelCalls _calls;
    private readonly HostClock _clock;
    private readonly KernelDescriptor _done;
    private readonly KernelDescriptor? _process;
    private readonly EndReason _reason;
    private readonly int _output;
    private readonly Thread _thread;

    /// <summary>Begins to watch.</summary>
    /// <param name="calls">The system calls.</param>
    /// <param name="clock">Whom to ask for the end.</param>
    /// <param name="process">The process's pidfd; null for none.</param>
    /// <param name="reason">What its end means.</param>
    /// <param name="output">The descriptor of the output; null for none.</param>
    public EndWatch(KernelCalls calls, HostClock clock, KernelDescriptor? process, EndReason reason, int? output)
    {
        (_calls, _clock, _process, _reason, _output) = (calls, clock, process, reason, output ?? None);
        _done = calls.OpenEvent();
        _thread = new Thread(Watch) { IsBackground = true, Name = nameof(EndWatch) };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _calls.Write(_done, BitConverter.GetBytes(1UL));
        _thread.Join();
        _done.Dispose();
    }

    private void Watch()
    {
        // Of the output only what comes unasked: that its reader is gone.
        Span<PollEntry> entries =
        [
            new() { Descriptor = _done.Value, Wanted = PollEntry.In },
            new() { Descriptor = _process?.Value ?? None, Wanted = PollEntry.In },
            new() { Descriptor = _output },
        ];
        while (true)
        {
            _calls.Poll(entries, -1);
            if (entries[0].Found != 0)
            {
                return;
            }

            Look(ref entries[1], PollEntry.In, _reason);
            Look(ref entries[2], PollEntry.Gone, EndReason.OutputClosed);
        }
    }

    // Once is enough: a descriptor of which something is known would be told again and again.
    private void Look(ref PollEntry entry, short found, EndReason reason)
    {
        if ((entry.Found & found) != 0)
        {
            _clock.Stop(reason);
        }

        if (entry.Found != 0)
        {
            entry.Descriptor = None;
        }
    }
}
