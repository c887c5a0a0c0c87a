using System;
using System.Collections.Immutable;
using Fathom.Generator.Diagnostics;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Fathom.Generator;

/// <summary>Says, while the program is being written, what of it cannot be compiled to BPF, and what to write instead.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BpfObjectAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
    [
        Descriptors.Internal, Descriptors.ObjectShape, Descriptors.ProgramShape, Descriptors.ManagedType, Descriptors.Heap, Descriptors.FloatingPoint,
        Descriptors.Exceptions, Descriptors.Recursion, Descriptors.IndirectCall, Descriptors.NoSource, Descriptors.StackAllocSize, Descriptors.StackTooLarge,
        Descriptors.HelperNotAvailable, Descriptors.MapUse, Descriptors.Padding, Descriptors.Checked, Descriptors.StaticField, Descriptors.NotSupported,
        Descriptors.Layout, Descriptors.KernelWrite, Descriptors.KernelView, Descriptors.SubprogramShape, Descriptors.MapShape, Descriptors.CoreQuery, Descriptors.UserMemory,
    ];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (!type.Has("BpfObject"))
        {
            return;
        }

        try
        {
            foreach (Diagnostic diagnostic in ObjectCompiler.Lower(type, context.Compilation, context.CancellationToken).Diagnostics)
            {
                context.ReportDiagnostic(diagnostic);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            context.ReportDiagnostic(Diagnostic.Create(Descriptors.Internal, type.Place(), ObjectCompiler.Brief(e)));
        }
    }
}
