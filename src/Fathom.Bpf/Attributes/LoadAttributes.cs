using System;

namespace Fathom.Bpf;

/// <summary>
/// A program that is loaded, or a map that has room, only if a condition holds when the object is loaded. A program that is left out costs nothing, and
/// a map that is not used has one entry: programs may still name it.
/// </summary>
/// <param name="condition">
/// The name of a <c>bool</c> <see cref="ConstantAttribute"/>, or of a static <c>bool</c> property of such constants with <c>!</c>, <c>&amp;</c>, <c>|</c>,
/// <c>&amp;&amp;</c>, <c>||</c>, <c>==</c> and <c>!=</c>, of this class or of a part that the object includes. Programs may ask the same property.
/// </param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Field)]
public sealed class LoadIfAttribute(string condition) : Attribute
{
    /// <summary>The name of the condition.</summary>
    public string Condition { get; } = condition;
}

/// <summary>
/// A <c>bool</c> <see cref="ConstantAttribute"/> that the kernel answers when the object is loaded: whether it has a tracepoint, and passes as many
/// arguments to it as a program takes it to. What tracepoints pass has changed without a change of their names, also within a stable series; the kernel's
/// types tell, its version does not.
/// </summary>
/// <param name="name">Name of the tracepoint without its category, for example <c>block_rq_issue</c>.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class HasTracepointAttribute(string name) : Attribute
{
    /// <summary>Name of the tracepoint.</summary>
    public string Name { get; } = name;

    /// <summary>How many arguments it passes; negative for any number.</summary>
    public int Arguments { get; set; } = -1;
}

/// <summary>
/// A global <c>ulong</c> that counts what was lost: not seen, not shown or not counted. User space reads all of them at once, with what they mean.
/// </summary>
/// <param name="kind">A short name for programs, such as <c>lost</c>.</param>
/// <param name="text">What it means and what to do, without the number: "events not shown, because the buffer was full".</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class LossAttribute(string kind, string text) : Attribute
{
    /// <summary>A short name for programs.</summary>
    public string Kind { get; } = kind;

    /// <summary>What it means.</summary>
    public string Text { get; } = text;
}
