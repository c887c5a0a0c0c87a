using System;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Fathom.Generator.Emission;

/// <summary>One generated file. Equal text is equal: what follows in the pipeline is then not run again.</summary>
internal sealed record GeneratedFile(string HintName, string Source);

/// <summary>What compiling one object gave, without any symbol or syntax.</summary>
internal sealed record CompiledFile(GeneratedFile? File, EquatableArray<DiagnosticInfo> Diagnostics);

/// <summary>A diagnostic without syntax trees, with its place as it is and as <c>#line</c> shows it.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Descriptor, TextSpan Span, FileLinePositionSpan At, FileLinePositionSpan Shown, string Message)
{
    public static DiagnosticInfo Of(Diagnostic diagnostic) =>
        new(diagnostic.Descriptor, diagnostic.Location.SourceSpan, diagnostic.Location.GetLineSpan(), diagnostic.Location.GetMappedLineSpan(), diagnostic.GetMessage());

    public Diagnostic ToDiagnostic()
    {
        // The message is finished, and without arguments it is no format.
        var descriptor = new DiagnosticDescriptor(
            Descriptor.Id, Descriptor.Title, Message, Descriptor.Category, Descriptor.DefaultSeverity, true, helpLinkUri: Descriptor.HelpLinkUri, customTags: WellKnownDiagnosticTags.NotConfigurable);
        return Diagnostic.Create(descriptor, string.IsNullOrEmpty(At.Path) ? Location.None : Location.Create(At.Path, Span, At.Span, Shown.Path, Shown.Span));
    }
}

/// <summary>An immutable array that is equal to another with equal elements.</summary>
internal readonly struct EquatableArray<T>(ImmutableArray<T> items) : IEquatable<EquatableArray<T>>
    where T : IEquatable<T>
{
    private readonly ImmutableArray<T> _items = items;

    public ImmutableArray<T> Items => _items.IsDefault ? [] : _items;

    public bool Equals(EquatableArray<T> other) => Items.SequenceEqual(other.Items);

    public override bool Equals(object? obj) => obj is EquatableArray<T> other && Equals(other);

    public override int GetHashCode() => Items.Length;
}
