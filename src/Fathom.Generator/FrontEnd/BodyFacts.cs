using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <summary>What a body does with its variables: which are assigned after their declaration, and whose address is taken.</summary>
internal sealed class BodyFacts
{
    public static readonly BodyFacts None = new();

    private readonly HashSet<ISymbol> _assigned = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _addressed = new(SymbolEqualityComparer.Default);

    public static BodyFacts Of(IEnumerable<IOperation> roots)
    {
        var facts = new BodyFacts();
        foreach (IOperation operation in roots.SelectMany(r => r.DescendantsAndSelf()))
        {
            facts.Look(operation);
        }

        return facts;
    }

    public bool IsAssigned(ISymbol symbol) => _assigned.Contains(symbol);

    public bool IsAddressed(ISymbol symbol) => _addressed.Contains(symbol);

    private void Look(IOperation operation)
    {
        switch (operation)
        {
            case IAssignmentOperation { Target: var target }:
                Assign(target);
                break;
            // The receiver of an extension block may be passed by reference.
            case IInvocationOperation { Instance: { } receiver, TargetMethod: var method } when method.ContainingType.IsExtensionBlock():
                Assign(receiver);
                break;
            case IPropertyReferenceOperation { Instance: { } receiver, Property: var property } when property.ContainingType.IsExtensionBlock():
                Assign(receiver);
                break;
            case IIncrementOrDecrementOperation { Target: var target }:
                Assign(target);
                break;
            case IAddressOfOperation { Reference: var reference }:
                Address(reference);
                break;
            // The kernel only reads what it gets by `in`: a copy at the call serves, and the variable stays in a register.
            case IArgumentOperation { Parameter: { RefKind: RefKind.In, ContainingSymbol: IMethodSymbol helper } } when helper.Has("Helper"):
                break;
            case IArgumentOperation { Parameter: { RefKind: not RefKind.None } parameter } argument:
                Assign(argument.Value);
                if (!IsInlined(parameter))
                {
                    Address(argument.Value);
                }

                break;
            case IVariableDeclaratorOperation { Symbol.RefKind: not RefKind.None } declarator:
                if ((declarator.Initializer ?? (declarator.Parent as IVariableDeclarationOperation)?.Initializer)?.Value is { } value)
                {
                    Address(value);
                }

                break;
        }
    }

    private static bool IsInlined(IParameterSymbol parameter) =>
        parameter.ContainingSymbol is IMethodSymbol { DeclaringSyntaxReferences.IsEmpty: false } method && !method.Has("BpfSubprogram");

    private void Assign(IOperation target)
    {
        switch (target)
        {
            case ITupleOperation tuple:
                foreach (IOperation element in tuple.Elements)
                {
                    Assign(element);
                }

                break;
            case ILocalReferenceOperation local:
                _assigned.Add(local.Local);
                break;
            case IParameterReferenceOperation parameter:
                _assigned.Add(parameter.Parameter);
                break;
            case IDeclarationExpressionOperation declaration:
                Assign(declaration.Expression);
                break;
            case IConversionOperation conversion:
                Assign(conversion.Operand);
                break;
        }
    }

    private void Address(IOperation target)
    {
        switch (target)
        {
            case ILocalReferenceOperation local:
                _addressed.Add(local.Local);
                break;
            case IParameterReferenceOperation parameter:
                _addressed.Add(parameter.Parameter);
                break;
            case IDeclarationExpressionOperation declaration:
                Address(declaration.Expression);
                break;
        }
    }
}
