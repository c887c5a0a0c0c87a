using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Fathom.Cli;

/// <summary>Turns Ctrl-C and the like into a call. The second one ends the program at once, in the way that the system provides.</summary>
internal sealed class Signals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private int _seen;

    /// <summary>Waits for signals until disposed of.</summary>
    /// <param name="stop">Called for the first signal, on another thread.</param>
    public Signals(Action stop)
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle),
        ];

        void Handle(PosixSignalContext context)
        {
            context.Cancel = Interlocked.Exchange(ref _seen, 1) == 0;
            if (context.Cancel)
            {
                stop();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_registrations, static registration => registration.Dispose());
}
