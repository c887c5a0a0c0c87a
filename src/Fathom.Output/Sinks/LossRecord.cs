namespace Fathom.Output.Sinks;

/// <summary>Something that was not counted as it should have been, or could not be seen.</summary>
/// <param name="Kind">A short name for programs, such as <c>map-full</c>.</param>
/// <param name="Count">How often since the last record of this kind.</param>
/// <param name="Text">What it means for the result, for people: words that the number follows, such as "requests not counted, because
/// ...".</param>
public sealed record LossRecord(string Kind, ulong Count, string Text);
