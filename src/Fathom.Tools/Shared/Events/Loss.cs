namespace Fathom.Tools.Shared.Events;

/// <summary>Something that could not be seen or counted as it should have been, since the start.</summary>
/// <param name="Kind">A short name for programs.</param>
/// <param name="Count">How often since the start.</param>
/// <param name="Text">What it means, without the number.</param>
internal readonly record struct Loss(string Kind, ulong Count, string Text);
