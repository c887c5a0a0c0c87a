using System;

namespace Fathom.Cli;

/// <summary>The command line makes no sense. The message is one sentence without the hint at the help.</summary>
internal sealed class UsageException(string message) : Exception(message);
