using System.Collections.Immutable;
using System.Linq;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Fathom.Generator;

/// <summary>
/// Silences warnings that ordinary .NET code would deserve but fields of BPF programs do not: maps and constants are filled by the kernel
/// and by the generated Load, fields of kernel views by the kernel.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UnassignedFieldSuppressor : DiagnosticSuppressor
{
    private const string Reason = "The field is a map, global or constant of a BPF object, or part of a view of a kernel struct: the kernel fills it.";

    private static readonly ImmutableArray<SuppressionDescriptor> s_suppressions =
        [.. new[] { "CS0649", "CS0169", "CS0414", "CS8618", "CA1802", "CA1805", "CA2211", "CA1823", "IDE0044", "IDE0051", "IDE0052" }.Select(id => new SuppressionDescriptor("FTHS" + id, id, Reason))];

    /// <inheritdoc/>
    public override ImmutableArray<SuppressionDescriptor> SupportedSuppressions => s_suppressions;

    /// <inheritdoc/>
    public override void ReportSuppressions(SuppressionAnalysisContext context)
    {
        foreach (Diagnostic diagnostic in context.ReportedDiagnostics)
        {
            if (diagnostic.Location.SourceTree is not { } tree)
            {
                continue;
            }

            SyntaxNode node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan);
            ISymbol? symbol = context.GetSemanticModel(tree).GetDeclaredSymbol(node, context.CancellationToken);
            bool isOurs = symbol switch
            {
                IFieldSymbol field => field.ContainingType.Has("BpfObject") || field.ContainingType.Has("BpfPart") || field.ContainingType.KernelName() is not null,
                IMethodSymbol method => method.ProgramAttribute() is not null,
                _ => false,
            };
            if (isOurs)
            {
                context.ReportSuppression(Suppression.Create(s_suppressions.First(s => s.SuppressedDiagnosticId == diagnostic.Id), diagnostic));
            }
        }
    }
}
