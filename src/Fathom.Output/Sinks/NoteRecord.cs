namespace Fathom.Output.Sinks;

/// <summary>Something that must be known to understand the result, and has no number.</summary>
/// <param name="Kind">A short name for programs.</param>
/// <param name="Text">The words for people. What in them came from the traced system is escaped by the sink.</param>
public sealed record NoteRecord(string Kind, string Text);
