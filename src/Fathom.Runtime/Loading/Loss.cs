namespace Fathom.Runtime;

/// <summary>Something that could not be seen, shown or counted as it should have been.</summary>
/// <param name="Kind">A short name for programs.</param>
/// <param name="Count">How often since the object was loaded.</param>
/// <param name="Text">What it means, without the number.</param>
public readonly record struct Loss(string Kind, ulong Count, string Text);
