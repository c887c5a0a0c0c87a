using System;

namespace Fathom.Tools.Hosting;

/// <summary>Tracing was ended, because it cost the machine more than it may. The message is one sentence: what it cost, and what to do.</summary>
/// <param name="message">The sentence.</param>
public sealed class BudgetExceededException(string message) : Exception(message);
