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

/// <summary>A diagnostic without syntax trees.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Descriptor, string Path, TextSpan Span, LinePositionSpan Lines, string Message)
{
    public static DiagnosticInfo Of(Diagnostic diagnostic)
    {
        FileLinePositionSpan at = diagnostic.Location.GetLineSpan();
        return new DiagnosticInfo(diagnostic.Descriptor, at.Path ?? "", diagnostic.Location.SourceSpan, at.Span, diagnostic.GetMessage());
    }

    public Diagnostic ToDiagnostic()
    {
        // The message is finished: the descriptor's format would need its arguments again.
        var descriptor = new DiagnosticDescriptor(
            Descriptor.Id, Descriptor.Title, Message.Replace("{", "{{").Replace("}", "}}"), Descriptor.Category, Descriptor.DefaultSeverity, true, helpLinkUri: Descriptor.HelpLinkUri, customTags: WellKnownDiagnosticTags.NotConfigurable);
        return Diagnostic.Create(descriptor, Path.Length == 0 ? Location.None : Location.Create(Path, Span, Lines));
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
