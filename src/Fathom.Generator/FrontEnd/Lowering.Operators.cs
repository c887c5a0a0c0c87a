using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Operators that types declare.</content>
internal sealed partial class Lowering
{
    /// <summary>The method of an operator; null if it is one of the language, as generic arithmetic is on a number.</summary>
    private IMethodSymbol? Operator(IMethodSymbol? method, ITypeSymbol? constrained)
    {
        if (method?.ContainingType.TypeKind != TypeKind.Interface || constrained is null)
        {
            // Roslyn names methods of the library for operators that the language has on numbers and pointers.
            return method is { ContainingType.SpecialType: not SpecialType.None } && Layouts.ScalarSize(method.ContainingType) > 0 ? null : method;
        }

        ITypeSymbol receiver = Resolve(constrained);
        return Layouts.ScalarSize(receiver) > 0 ? null : Implementation(method, receiver);
    }

    /// <summary>The language calls 'operator false' first and perhaps not the right side at all.</summary>
    private static void RefuseOwnShortCircuit(IBinaryOperation operation)
    {
        if (operation.OperatorKind is BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr)
        {
            throw Unsupported(operation, "'&&' and '||' with operators of your own are not supported: convert to bool first");
        }
    }

    private void CompoundOperator(ICompoundAssignmentOperation compound, IMethodSymbol method, Place place)
    {
        if (place is not MemoryPlace memory || !Layouts.IsStruct(place.Type))
        {
            throw Unsupported(compound, "An operator of your own in a compound assignment is supported on structs only: write it out");
        }

        if (!method.IsStatic)
        {
            MethodBody body = BodyOf(method, Where(compound));
            IParameterSymbol parameter = Bodies.Definition(method).Parameters[0];
            _ = CallWith(method, body, compound, memory, [(parameter, Argument(parameter, compound.Value))], null);
            return;
        }

        if (!IsSame(Resolve(method.ReturnType), memory.Type) || !IsSame(Resolve(method.Parameters[0].Type), memory.Type))
        {
            throw Unsupported(compound, "The operator takes or gives another type than '" + Layouts.Show(memory.Type) + "', to which C# converts here: write the operation and the conversion out");
        }

        MemoryPlace result = NewMemory(memory.Type, "result", Where(compound));
        Located(compound.Target, place, () => _ = Inline(method, compound, null, Pair(method, [compound.Target, compound.Value]), result));
        Copy(memory, result, Where(compound));
    }

    private void StepOperator(IIncrementOrDecrementOperation step, IMethodSymbol method, Place place)
    {
        if (place is not MemoryPlace memory)
        {
            throw Unsupported(step, "A '++' or '--' operator of your own is supported on variables only: write the addition");
        }

        MethodBody body = BodyOf(method, Where(step));
        if (!method.IsStatic)
        {
            _ = CallWith(method, body, step, memory, [], null);
            return;
        }

        MemoryPlace old = NewMemory(memory.Type, "old", Where(step)), result = NewMemory(memory.Type, "result", Where(step));
        Copy(old, memory, Where(step));
        _ = CallWith(method, body, step, null, [(Bodies.Definition(method).Parameters[0], old)], result);
        Copy(memory, result, Where(step));
    }

    /// <summary>A struct that is changed by an operator and read at once.</summary>
    private void ChangeInto(IOperation operation, IOperation changed, MemoryPlace target)
    {
        Place place = Locate(changed);
        bool isPostfix = operation is IIncrementOrDecrementOperation { IsPostfix: true };
        if (isPostfix)
        {
            Copy(target, place, Where(operation));
        }

        Located(changed, place, () => Effect(operation));
        if (!isPostfix)
        {
            Copy(target, place, Where(operation));
        }
    }

    /// <summary>Lowers what reads or assigns a target that was located before.</summary>
    private void Located(IOperation target, Place place, System.Action lower)
    {
        bool isOuter = !_located.ContainsKey(target);
        _located[target] = place;
        try
        {
            lower();
        }
        finally
        {
            if (isOuter)
            {
                _located.Remove(target);
            }
        }
    }
}
