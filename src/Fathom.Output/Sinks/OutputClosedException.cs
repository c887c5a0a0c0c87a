using System;

namespace Fathom.Output.Sinks;

/// <summary>Whoever read the output has closed it (EPIPE). Nothing is wrong: there is only nobody left to write to.</summary>
public sealed class OutputClosedException : Exception
{
    /// <summary>An exception with the usual message.</summary>
    public OutputClosedException()
        : this("the reader of the output has closed it")
    {
    }

    /// <summary>An exception with a message.</summary>
    public OutputClosedException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and what was caught.</summary>
    public OutputClosedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
