using System.Collections.Generic;
using System.Linq;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Constructors of structs.</content>
internal sealed partial class Lowering
{
    private void CallConstructor(IOperation creation, IMethodSymbol constructor, IEnumerable<IArgumentOperation> arguments, MemoryPlace target)
    {
        SyntaxNode syntax = constructor.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(_unit.Cancellation) ?? throw NoSource(constructor, Where(creation));
        RefuseRecursion(constructor, creation);
        IMethodSymbol definition = Bodies.Definition(constructor);
        MethodBody body = _unit.Bodies.Of(constructor) ?? new MethodBody([], null);
        var evaluated = arguments.Select(a => (definition.Parameters[a.Parameter!.Ordinal], Argument(a.Parameter!, a.Value))).ToList();
        Scope caller = _scope;
        Enter(constructor, creation, target, evaluated, body);
        try
        {
            if (body.Initializer is IInvocationOperation { IsImplicit: false } other && SymbolEqualityComparer.Default.Equals(other.TargetMethod.ContainingType.OriginalDefinition, definition.ContainingType))
            {
                IMethodSymbol chained = other.TargetMethod;
                if (!chained.IsImplicitlyDeclared)
                {
                    CallConstructor(other, chained, other.Arguments, target);
                }
            }
            else
            {
                InitialiseFields(definition, syntax, target);
            }

            RunBody(body.Blocks, constructor, isVoid: true);
        }
        finally
        {
            _scope = caller;
            At(creation);
        }
    }

    /// <summary>What runs before the body: the properties of a positional record, then the values of the declarations.</summary>
    private void InitialiseFields(IMethodSymbol constructor, SyntaxNode syntax, MemoryPlace target)
    {
        if (syntax is RecordDeclarationSyntax)
        {
            foreach (IParameterSymbol parameter in constructor.Parameters)
            {
                IPropertySymbol? property = constructor.ContainingType.GetMembers(parameter.Name).OfType<IPropertySymbol>().FirstOrDefault(p => p.DeclaringSyntaxReferences.Any(r => r.GetSyntax(_unit.Cancellation) is ParameterSyntax));
                if (property is not null)
                {
                    Move(FieldOf(target, BackingField(property, parameter.Place()), parameter.Place()), _scope.Places[parameter], parameter.Place());
                }
            }
        }

        foreach (IFieldSymbol field in constructor.ContainingType.GetMembers().OfType<IFieldSymbol>().Where(f => !f.IsStatic && !f.IsConst))
        {
            ISymbol declared = field.AssociatedSymbol ?? field;
            if (_unit.Bodies.Initializer(declared) is { } value)
            {
                Assign(FieldOf(target, field, Where(value)), value);
            }
        }
    }

    /// <summary>Why a name that looks like a parameter is none here.</summary>
    private static LoweringException RefuseParameter(IParameterReferenceOperation reference) =>
        reference.Parameter.ContainingSymbol is IMethodSymbol { MethodKind: MethodKind.Constructor }
            ? Unsupported(reference, "'" + reference.Parameter.Name + "' is kept in a hidden field of the struct, because a member uses it after construction: declare a field, and assign it in the constructor")
            : Unsupported(reference, "'" + reference.Parameter.Name + "' is not a parameter of this program");
}
