using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using Fathom.Tools.Hosting;

namespace Fathom.Cli;

/// <summary>
/// Turns Ctrl-C and the like into a call. The second one ends the program at once, in the way that the system provides, unless it waits for a command.
/// </summary>
internal sealed class Signals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action _stop;
    private volatile TracedCommand? _command;
    private int _seen;

    /// <summary>Waits for signals until disposed of.</summary>
    /// <param name="stop">Called for a signal, on another thread.</param>
    public Signals(Action stop)
    {
        _stop = stop;
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>
    /// From now on a command is traced, which is waited for. What is typed on the terminal reaches it too, and is its own matter; SIGTERM, which who
    /// manages processes sends to the one that he started, is passed on.
    /// </summary>
    public void Accompany(TracedCommand command)
    {
        _command = command;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Handle));
    }

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(static registration => registration.Dispose());

    private void Handle(PosixSignalContext context)
    {
        bool isFirst = Interlocked.Exchange(ref _seen, 1) == 0;
        if (_command is { HasEnded: false } command)
        {
            context.Cancel = true;
            if (context.Signal == PosixSignal.SIGTERM)
            {
                command.PassOnTermination();
            }

            _stop();
            return;
        }

        context.Cancel = isFirst;
        if (isFirst)
        {
            _stop();
        }
    }
}
