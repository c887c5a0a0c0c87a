using System;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.Diagnostics;

/// <summary>Leaves the lowering of one statement with the diagnostic that explains it; caught where the next statement can go on.</summary>
internal sealed class LoweringException : Exception
{
    public LoweringException(DiagnosticDescriptor descriptor, Location location, params object[] arguments)
        : base(descriptor.Id) => Diagnostic = Diagnostic.Create(descriptor, location, arguments);

    public Diagnostic Diagnostic { get; }

    /// <summary>True if the real reason is elsewhere, and was said there.</summary>
    public bool IsConsequence { get; init; }
}
