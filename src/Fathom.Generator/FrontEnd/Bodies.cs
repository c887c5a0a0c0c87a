using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <summary>What a method does: its blocks, and for a constructor the call of another one.</summary>
internal sealed record MethodBody(ImmutableArray<IOperation> Blocks, IOperation? Initializer)
{
    private BodyFacts? _facts;
    private bool? _onlyReads;

    /// <summary>What the method does with its variables.</summary>
    public BodyFacts Facts => _facts ??= BodyFacts.Of(Initializer is null ? Blocks : Blocks.Add(Initializer));

    /// <summary>True for a body that computes a number from fields and parameters, and so changes nothing.</summary>
    public bool OnlyReads => _onlyReads ??= Blocks.All(b => b.DescendantsAndSelf().All(IsRead));

    private static bool IsRead(IOperation operation) => operation switch
    {
        IReturnOperation { ReturnedValue: { } value } => Layouts.ScalarSize(value.Type!) > 0,
        IBinaryOperation { OperatorMethod: var method } => method is null,
        IUnaryOperation { OperatorMethod: var method } => method is null,
        IConversionOperation { OperatorMethod: var method, Type: { } to } => method is null && Layouts.ScalarSize(to) > 0,
        IBlockOperation or ILiteralOperation or IInstanceReferenceOperation or IFieldReferenceOperation or IParameterReferenceOperation => true,
        _ => false,
    };
}

/// <summary>
/// The operations of methods in source, bound once for all attempts to lower an object. One semantic model for each file: those of another
/// model are not equal, so a local function's type parameters would not be found again.
/// </summary>
internal sealed class Bodies
{
    private readonly Compilation _compilation;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<SyntaxTree, SemanticModel> _models = [];
    private readonly Dictionary<IMethodSymbol, MethodBody?> _bodies = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<SyntaxNode, IOperation?> _values = [];

    public Bodies(Compilation compilation, CancellationToken cancellation)
    {
        _compilation = compilation;
        _cancellation = cancellation;
    }

    /// <summary>The declaration whose parameters and body are the ones that run.</summary>
    public static IMethodSymbol Definition(IMethodSymbol method)
    {
        IMethodSymbol definition = method.OriginalDefinition;
        return definition.PartialImplementationPart ?? definition;
    }

    /// <summary>The body of a method, null if it has none in source.</summary>
    public MethodBody? Of(IMethodSymbol method)
    {
        IMethodSymbol definition = Definition(method);
        if (!_bodies.TryGetValue(definition, out MethodBody? body))
        {
            body = Read(definition);
            _bodies[definition] = body;
        }

        return body;
    }

    /// <summary>The value that the declaration of a field or property starts with, null if there is none.</summary>
    public IOperation? Initializer(ISymbol member)
    {
        EqualsValueClauseSyntax? clause = member.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(_cancellation) switch
        {
            VariableDeclaratorSyntax declarator => declarator.Initializer,
            PropertyDeclarationSyntax property => property.Initializer,
            _ => null,
        };
        if (clause is null)
        {
            return null;
        }

        if (!_values.TryGetValue(clause, out IOperation? value))
        {
            value = (Model(clause.SyntaxTree).GetOperation(clause, _cancellation) as ISymbolInitializerOperation)?.Value;
            _values[clause] = value;
        }

        return value;
    }

    /// <summary>True if C# leaves a call away, with its arguments: a [Conditional] method, or a partial one that nobody wrote.</summary>
    public static bool IsLeftAway(IMethodSymbol method, SyntaxNode call)
    {
        if (method is { IsPartialDefinition: true, PartialImplementationPart: null, ReturnsVoid: true })
        {
            return true;
        }

        string[] conditions = [.. method.GetAttributes()
            .Where(a => a.AttributeClass.Is("System.Diagnostics", "ConditionalAttribute") && a.ConstructorArguments.Length == 1)
            .Select(a => a.ConstructorArguments[0].Value as string ?? "")];
        return conditions.Length > 0 && !conditions.Any(c => IsDefined(c, call));
    }

    private static bool IsDefined(string symbol, SyntaxNode at)
    {
        bool isDefined = at.SyntaxTree.Options.PreprocessorSymbolNames.Contains(symbol);

        // #define and #undef stand at the top of a file only.
        SyntaxTriviaList top = at.SyntaxTree.GetRoot().GetFirstToken(includeZeroWidth: true).LeadingTrivia;
        foreach (SyntaxTrivia trivia in top)
        {
            isDefined = trivia.GetStructure() switch
            {
                DefineDirectiveTriviaSyntax { IsActive: true } define when define.Name.ValueText == symbol => true,
                UndefDirectiveTriviaSyntax { IsActive: true } undef when undef.Name.ValueText == symbol => false,
                _ => isDefined,
            };
        }

        return isDefined;
    }

    private MethodBody? Read(IMethodSymbol definition)
    {
        if (definition.DeclaringSyntaxReferences.Length == 0)
        {
            return null;
        }

        SyntaxNode syntax = definition.DeclaringSyntaxReferences[0].GetSyntax(_cancellation);
        return Model(syntax.SyntaxTree).GetOperation(syntax, _cancellation) switch
        {
            IMethodBodyOperation body => new(Both(body.BlockBody, body.ExpressionBody), null),
            IConstructorBodyOperation body => new(Both(body.BlockBody, body.ExpressionBody), Skip(body.Initializer)),
            ILocalFunctionOperation { Body: { } body } => new([body], null),
            IBlockOperation block => new([block], null),
            _ => null,
        };

        static ImmutableArray<IOperation> Both(IOperation? block, IOperation? expression) => block is not null ? [block] : expression is not null ? [expression] : [];

        static IOperation? Skip(IOperation? initializer) => initializer is IExpressionStatementOperation { Operation: var inner } ? inner : initializer;
    }

    private SemanticModel Model(SyntaxTree tree)
    {
        if (!_models.TryGetValue(tree, out SemanticModel? model))
        {
#pragma warning disable RS1030 // A called method may be in any file of the project.
            model = _compilation.GetSemanticModel(tree);
#pragma warning restore RS1030
            _models[tree] = model;
        }

        return model;
    }
}
