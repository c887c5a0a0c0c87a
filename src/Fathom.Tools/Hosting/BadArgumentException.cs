namespace Fathom.Tools.Hosting;

/// <summary>What a tool was told makes no sense, whatever the machine: a mistake in the command line. The message is one sentence.</summary>
/// <param name="message">The sentence.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class BadArgumentException(string message, System.Exception? innerException = null) : System.Exception(message, innerException);
