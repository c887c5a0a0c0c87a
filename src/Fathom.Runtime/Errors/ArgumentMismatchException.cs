namespace Fathom.Runtime;

/// <summary>A program's method declares another argument, or another context, than the kernel passes where the program is to run.</summary>
/// <param name="operation">What was tried.</param>
/// <param name="program">The program.</param>
/// <param name="parameter">The first parameter that does not fit; <c>context</c> for the context.</param>
/// <param name="kind">The kind of place, as in a section's name: <c>tp_btf</c>.</param>
/// <param name="target">The place, such as a tracepoint.</param>
/// <param name="problem">What does not fit, and what to declare.</param>
public sealed class ArgumentMismatchException(string operation, string program, string parameter, string kind, string target, string problem)
    : BpfException(operation, program, 0, problem)
{
    /// <summary>The first parameter that does not fit; <c>context</c> for the context.</summary>
    public string Parameter { get; } = parameter;

    /// <summary>The kind of place, as in a section's name: <c>tp_btf</c>, <c>tracepoint</c>.</summary>
    public string Kind { get; } = kind;

    /// <summary>The place, such as the name of a tracepoint.</summary>
    public string Target { get; } = target;
}
