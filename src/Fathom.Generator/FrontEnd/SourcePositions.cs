using System;
using System.Collections.Generic;
using Fathom.Compiler.IR;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Fathom.Generator.FrontEnd;

/// <summary>Positions of syntax, with short paths that do not depend on where the project lies.</summary>
internal sealed class SourcePositions
{
    private readonly string _folder;
    private readonly Dictionary<SyntaxTree, (string Path, TextLineCollection Lines, string Text)> _files = [];
    private readonly Dictionary<(SyntaxTree Tree, int Start, int End), SourcePosition> _known = [];

    public SourcePositions(Compilation compilation)
    {
        string? folder = (compilation.Options.SourceReferenceResolver as SourceFileResolver)?.BaseDirectory;
        _folder = string.IsNullOrEmpty(folder) ? "" : folder!.TrimEnd('/', '\\') + "/";
    }

    /// <summary>The position of syntax in a function's own body, or in the copy of a method that a call put there.</summary>
    public SourcePosition Of(SyntaxNode node, InlinedCall? inlined = null) => inlined is null ? Find(node) : Find(node) with { Inlined = inlined };

    /// <summary>The place in source of a position that came from here; null if it did not.</summary>
    public Location? Find(SourcePosition position)
    {
        position = position with { Inlined = null };
        foreach (KeyValuePair<(SyntaxTree Tree, int Start, int End), SourcePosition> known in _known)
        {
            if (known.Value == position)
            {
                return Location.Create(known.Key.Tree, TextSpan.FromBounds(known.Key.Start, known.Key.End));
            }
        }

        return null;
    }

    private SourcePosition Find(SyntaxNode node)
    {
        SyntaxTree tree = node.SyntaxTree;
        int start = node.SpanStart;
        if (_known.TryGetValue((tree, start, node.Span.End), out SourcePosition? known))
        {
            return known;
        }

        if (!_files.TryGetValue(tree, out (string Path, TextLineCollection Lines, string Text) file))
        {
            // As one string: text that is being edited is made of pieces, and each line would be put together anew.
            SourceText text = tree.GetText();
            file = (Shorten(tree.FilePath), text.Lines, text.ToString());
            _files[tree] = file;
        }

        TextLine line = file.Lines.GetLineFromPosition(start);
        int length = Math.Min(node.Span.End, line.End) - start;
        var position = new SourcePosition(file.Path, line.LineNumber + 1, start - line.Start + 1, file.Text.Substring(line.Start, line.End - line.Start).TrimEnd(), length);
        _known[(tree, start, node.Span.End)] = position;
        return position;
    }

    private string Shorten(string path)
    {
        path = path.Replace('\\', '/');
        if (_folder.Length > 0 && path.StartsWith(_folder, StringComparison.Ordinal) && !path.StartsWith(_folder + "../", StringComparison.Ordinal))
        {
            return path.Substring(_folder.Length);
        }

        return path.Substring(path.LastIndexOf('/') + 1);
    }
}
