using System;

namespace Fathom.Tools.Hosting;

/// <summary>A tool cannot do what was asked for. The message is one sentence that says why and what to do.</summary>
public sealed class CannotRunException : Exception
{
    /// <summary>An exception without a reason.</summary>
    public CannotRunException()
    {
    }

    /// <summary>An exception with its sentence.</summary>
    public CannotRunException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with its sentence and what was caught.</summary>
    public CannotRunException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
