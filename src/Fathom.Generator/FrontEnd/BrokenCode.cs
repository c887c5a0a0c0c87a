using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// Code that is being typed. Where it does not compile as C#, the C# compiler says so, and what the front end thinks of it is no help.
/// </summary>
internal static class BrokenCode
{
    /// <summary>Leaves away what is said about code that is no C#. Costs nothing if nothing is said.</summary>
    public static ImmutableArray<Diagnostic> LeaveAway(ImmutableArray<Diagnostic> said, INamedTypeSymbol type, Compilation compilation, CancellationToken cancellation)
    {
        if (said.IsEmpty)
        {
            return said;
        }

        var trees = new HashSet<SyntaxTree>(type.DeclaringSyntaxReferences.Select(r => r.SyntaxTree).Concat(said.Select(d => d.Location.SourceTree).OfType<SyntaxTree>()));
        if (trees.Any(t => t.GetDiagnostics(cancellation).Any(IsError)))
        {
            return [];
        }

        var members = new HashSet<SyntaxNode>();
        foreach (SyntaxTree tree in trees)
        {
            SyntaxNode root = tree.GetRoot(cancellation);
#pragma warning disable RS1030 // The object may be in several files.
            IEnumerable<Diagnostic> errors = compilation.GetSemanticModel(tree).GetDiagnostics(cancellationToken: cancellation).Where(IsError);
#pragma warning restore RS1030
            foreach (Diagnostic error in errors)
            {
                SyntaxNode at = root.FindNode(error.Location.SourceSpan);
                if (Member(at) is { } member)
                {
                    members.Add(member);
                }
                else if (at.FirstAncestorOrSelf<BaseTypeDeclarationSyntax>() is not ClassDeclarationSyntax c || Declares(type, c))
                {
                    // A field, a type or a using that everything may depend on.
                    return [];
                }
            }
        }

        return [.. said.Where(d => d.Location.SourceTree?.GetRoot(cancellation).FindNode(d.Location.SourceSpan) is not { } node || Member(node) is not { } member || !members.Contains(member))];
    }

    private static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error;

    private static bool Declares(INamedTypeSymbol type, ClassDeclarationSyntax declaration) =>
        type.DeclaringSyntaxReferences.Any(r => r.SyntaxTree == declaration.SyntaxTree && r.Span == declaration.Span);

    /// <summary>The method, property or operator that a place is in.</summary>
    private static SyntaxNode? Member(SyntaxNode node) =>
        node.AncestorsAndSelf().FirstOrDefault(n => n is BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax);
}
