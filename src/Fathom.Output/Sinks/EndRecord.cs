namespace Fathom.Output.Sinks;

/// <summary>Why the output ends here: the last record, where a reader must know whether it has seen all of a process or command.</summary>
/// <param name="Reason">The reason as a word for programs, for example <c>command-ended</c>.</param>
/// <param name="Text">The reason for people.</param>
public sealed record EndRecord(string Reason, string Text);
