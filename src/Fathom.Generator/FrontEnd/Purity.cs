using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// Which methods only compute: they read their struct, their parameters and constants, change nothing but variables of their own, and so may be
/// called any number of times. What is not known to be so is not.
/// </summary>
internal sealed class Purity
{
    private readonly Bodies _bodies;
    private readonly Dictionary<IMethodSymbol, bool> _known = new(SymbolEqualityComparer.Default);

    public Purity(Bodies bodies) => _bodies = bodies;

    public bool OnlyComputes(IMethodSymbol method)
    {
        method = Bodies.Definition(method);
        if (!_known.TryGetValue(method, out bool known))
        {
            // A method that calls itself is refused elsewhere.
            _known[method] = true;
            known = _bodies.Of(method) is { } body
                ? body.Blocks.Concat(body.Initializer is { } other ? [other] : []).All(b => b.DescendantsAndSelf().All(o => IsHarmless(o, method)))
                : method.IsImplicitlyDeclared || IsAutomatic(method) || IsOfLibrary(method);
            _known[method] = known;
        }

        return known;
    }

    private bool IsHarmless(IOperation operation, IMethodSymbol method) => operation switch
    {
        IAssignmentOperation assignment => IsOwn(assignment.Target, method) && (assignment is not ICompoundAssignmentOperation { OperatorMethod: { } called } || OnlyComputes(called)),
        IIncrementOrDecrementOperation step => IsOwn(step.Target, method) && Computes(step.OperatorMethod),
        IBinaryOperation binary => Computes(binary.OperatorMethod),
        IUnaryOperation unary => Computes(unary.OperatorMethod),
        IConversionOperation conversion => Computes(conversion.OperatorMethod),
        IInvocationOperation call => OnlyComputes(call.TargetMethod),
        IObjectCreationOperation { Constructor: { } constructor } => OnlyComputes(constructor),
        IPropertyReferenceOperation { Property: var property } => property.GetMethod is { } getter && OnlyComputes(getter),
        IFieldReferenceOperation { Field: var field } => !field.IsStatic || field.IsConst || field.IsReadOnly,
        IArgumentOperation { Parameter.RefKind: RefKind.Ref } => false,
        IArgumentOperation { Parameter.RefKind: RefKind.Out } argument => IsOwn(argument.Value, method),
        IPatternOperation or IPropertySubpatternOperation or ICaseClauseOperation or ISwitchCaseOperation or ISwitchExpressionArmOperation => true,
        IBlockOperation or IReturnOperation or IExpressionStatementOperation or IEmptyOperation or ILabeledOperation or IBranchOperation => true,
        IVariableDeclarationGroupOperation or IVariableDeclarationOperation or IVariableDeclaratorOperation or IVariableInitializerOperation => true,
        IConditionalOperation or ISwitchOperation or ISwitchExpressionOperation or ILoopOperation or IIsPatternOperation or ILocalFunctionOperation => true,
        ILiteralOperation or IDefaultValueOperation or ISizeOfOperation or ITupleOperation or ITupleBinaryOperation or IArgumentOperation or IDeclarationExpressionOperation or IDiscardOperation => true,
        ILocalReferenceOperation or IParameterReferenceOperation or IInstanceReferenceOperation or IInlineArrayAccessOperation => true,
        IWithOperation or IObjectOrCollectionInitializerOperation or IMemberInitializerOperation => true,
        _ => false,
    };

    private bool Computes(IMethodSymbol? called) => called is null || OnlyComputes(called);

    /// <summary>True for what nobody else sees: variables of the method, what it gives out, and what it makes.</summary>
    private static bool IsOwn(IOperation target, IMethodSymbol method) => target switch
    {
        ILocalReferenceOperation { Local.RefKind: RefKind.None } or IDiscardOperation => true,
        IParameterReferenceOperation { Parameter.RefKind: RefKind.None or RefKind.Out } => true,
        IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver } => true,
        IInstanceReferenceOperation => method.MethodKind == MethodKind.Constructor,
        IDeclarationExpressionOperation { Expression: var declared } => IsOwn(declared, method),
        ITupleOperation { Elements: var elements } => elements.All(e => IsOwn(e, method)),
        IFieldReferenceOperation { Instance: { } instance } => IsOwn(instance, method),
        IPropertyReferenceOperation { Instance: { } instance, Property: var property } => property.SetMethod is not { } setter || IsAutomatic(setter) ? IsOwn(instance, method) : false,
        IInlineArrayAccessOperation { Instance: var instance } => IsOwn(instance, method),
        _ => false,
    };

    private static bool IsAutomatic(IMethodSymbol accessor) =>
        accessor.AssociatedSymbol is IPropertySymbol property && property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property));

    private static bool IsOfLibrary(IMethodSymbol method) =>
        method.ContainingType.Is("System", "Math") || method.ContainingType.Is("System.Numerics", "BitOperations") || method.ContainingType.Is("System.Buffers.Binary", "BinaryPrimitives")
        || (method.ContainingType.IsSpan() && method.AssociatedSymbol is IPropertySymbol { IsIndexer: false });
}
