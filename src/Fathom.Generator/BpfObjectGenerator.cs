using System;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Fathom.Format.Objects;
using Fathom.Generator.Diagnostics;
using Fathom.Generator.Emission;
using Fathom.Generator.FrontEnd;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator;

/// <summary>
/// Compiles classes marked <c>[BpfObject]</c>: adds typed access at once, and the bytecode when the project is built. What is wrong with a
/// program is said here by a build and by <see cref="BpfObjectAnalyzer"/>, which shares the front end, in an editor: an editor does not run
/// the step that makes the bytecode, and the C# compiler runs no analyzer once a generator has reported an error that nobody may switch off.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class BpfObjectGenerator : IIncrementalGenerator
{
    /// <summary>Name of the step that makes the typed access.</summary>
    public const string AccessStep = "FathomAccess";

    /// <summary>Name of the step that makes the bytecode.</summary>
    public const string ObjectStep = "FathomObject";

    /// <summary>Name of the step that makes the interfaces of parts.</summary>
    public const string PartStep = "FathomPart";

    private const string Attribute = "Fathom.Bpf.BpfObjectAttribute";
    private const string PartAttribute = "Fathom.Bpf.BpfPartAttribute";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<GeneratedFile> access = context.SyntaxProvider
            .ForAttributeWithMetadataName(Attribute, static (node, _) => node is ClassDeclarationSyntax, static (c, cancellation) => Describe(c, cancellation))
            .Where(static file => file is not null)
            .Select(static (file, _) => file!)
            .WithTrackingName(AccessStep);
        context.RegisterSourceOutput(access, static (output, file) => output.AddSource(file.HintName, file.Source));

        IncrementalValuesProvider<GeneratedFile> parts = context.SyntaxProvider
            .ForAttributeWithMetadataName(PartAttribute, static (node, _) => node is ClassDeclarationSyntax, static (c, cancellation) => DescribePart(c, cancellation))
            .Where(static file => file is not null)
            .Select(static (file, _) => file!)
            .WithTrackingName(PartStep);
        context.RegisterSourceOutput(parts, static (output, file) => output.AddSource(file.HintName, file.Source));

        IncrementalValuesProvider<CompiledFile> objects = context.SyntaxProvider
            .ForAttributeWithMetadataName(Attribute, static (node, _) => node is ClassDeclarationSyntax, static (c, cancellation) => Compile(c, cancellation))
            .WithTrackingName(ObjectStep);
        context.RegisterImplementationSourceOutput(objects, static (output, compiled) =>
        {
            foreach (DiagnosticInfo diagnostic in compiled.Diagnostics.Items)
            {
                output.ReportDiagnostic(diagnostic.ToDiagnostic());
            }

            if (compiled.File is { } file)
            {
                output.AddSource(file.HintName, file.Source);
            }
        });
    }

    private static GeneratedFile? Describe(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var type = (INamedTypeSymbol)context.TargetSymbol;
        try
        {
            var shape = ObjectShape.Read(type, new Layouts(context.SemanticModel.Compilation), context.SemanticModel.Compilation);
            return !shape.CanHaveMembers ? null : AccessorWriter.Write(type, shape);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The bytecode step meets the same and says so.
            return null;
        }
    }

    private static GeneratedFile? DescribePart(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var part = (INamedTypeSymbol)context.TargetSymbol;
        try
        {
            return AccessorWriter.WritePart(part, ObjectShape.ReadPart(part, new Layouts(context.SemanticModel.Compilation), context.SemanticModel.Compilation));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // An object that includes it meets the same and says so.
            return null;
        }
    }

    private static CompiledFile Compile(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        var type = (INamedTypeSymbol)context.TargetSymbol;
        try
        {
            LoweredObject lowered = ObjectCompiler.Lower(type, context.SemanticModel.Compilation, cancellation);
            if (lowered.IsRefused)
            {
                // Without a diagnostic it is no C# yet, and the C# compiler says why.
                return new CompiledFile(null, new([.. lowered.Diagnostics.Select(DiagnosticInfo.Of)]));
            }

            (BpfObject? result, ImmutableArray<Diagnostic> problems) = ObjectCompiler.Compile(lowered, type);
            return new CompiledFile(
                result is null ? null : BytecodeWriter.Write(type, ObjectFile.Write(result)), new([.. problems.Select(DiagnosticInfo.Of)]));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new CompiledFile(null, new([DiagnosticInfo.Of(Diagnostic.Create(Descriptors.Internal, type.Place(), ObjectCompiler.Brief(e)))]));
        }
    }
}
