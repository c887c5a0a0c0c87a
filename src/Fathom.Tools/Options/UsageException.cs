namespace Fathom.Tools.Options;

/// <summary>The command line makes no sense, whatever the machine. The message is one sentence, without the hint at the help.</summary>
/// <param name="message">The sentence.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class UsageException(string message, System.Exception? innerException = null) : System.Exception(message, innerException);
