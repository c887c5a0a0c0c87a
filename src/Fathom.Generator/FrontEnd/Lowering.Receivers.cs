using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>What a member works on: the variable itself, or a copy where C# makes one.</content>
internal sealed partial class Lowering
{
    /// <summary>
    /// The place that a method is called on. What may change its struct gets a copy of a variable that may only be read, as in C#; the
    /// memory of the kernel cannot be changed anyhow.
    /// </summary>
    private Place Receiver(IMethodSymbol method, MethodBody body, IOperation instance) =>
        !method.IsReadOnly && method.MethodKind != MethodKind.Constructor && IsReadOnlyVariable(instance) && !body.OnlyReads && TypeOf(instance).KernelName() is null
            ? Evaluate(SkipParentheses(instance))
            : LocateOrEvaluate(instance);

    /// <summary>True for a variable that C# lets nothing change, or a value that has a place here only because it is kept in a field.</summary>
    private bool IsReadOnlyVariable(IOperation operation)
    {
        operation = SkipParentheses(operation);
        return operation switch
        {
            // The variable of a 'foreach' cannot be assigned, but members change it: so does what the C# compiler makes of it.
            ILocalReferenceOperation { Local: var local } => local.RefKind is RefKind.RefReadOnly,
            IParameterReferenceOperation { Parameter.RefKind: var kind } => kind is RefKind.In or RefKind.RefReadOnlyParameter,
            IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance } => _scope.Method.IsReadOnly,
            IFieldReferenceOperation { Field: var field, Instance: var instance } => (field.IsReadOnly && !IsBeingMade(instance)) || (instance is not null && IsReadOnlyVariable(instance)),
            IInlineArrayAccessOperation { Instance: var instance } => IsReadOnlyVariable(instance),
            IPropertyReferenceOperation { Instance: { } span, Property.IsIndexer: true } when span.Type.IsSpan() => span.Type!.Name == "ReadOnlySpan",
            IImplicitIndexerReferenceOperation { Instance: { } span } when span.Type.IsSpan() => span.Type!.Name == "ReadOnlySpan",
            _ => IsValueOfProperty(operation),
        };
    }

    /// <summary>True for the readonly fields of what a constructor or an 'init' accessor fills.</summary>
    private bool IsBeingMade(IOperation? instance) =>
        instance is IInstanceReferenceOperation && (_scope.Method.MethodKind == MethodKind.Constructor || _scope.Method.IsInitOnly);

    /// <summary>True for what an automatic property gives, and for parts of that: in C# these are values and no variables.</summary>
    private static bool IsValueOfProperty(IOperation operation) => SkipParentheses(operation) switch
    {
        IPropertyReferenceOperation { Property: var property } => IsAutoProperty(property),
        IFieldReferenceOperation { Instance: { } instance } => IsValueOfProperty(instance),
        IInlineArrayAccessOperation { Instance: var instance } => IsValueOfProperty(instance),
        _ => false,
    };
}
