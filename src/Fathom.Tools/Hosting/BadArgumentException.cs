namespace Fathom.Tools.Hosting;

/// <summary>What a tool was told makes no sense, whatever the machine: a mistake in the command line. The message is one sentence.</summary>
/// <param name="message">The sentence.</param>
public sealed class BadArgumentException(string message) : System.Exception(message);
