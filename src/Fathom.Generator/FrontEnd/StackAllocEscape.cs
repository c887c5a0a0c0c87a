using System.Collections.Generic;
using System.Linq;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// <c>stackalloc</c> in a loop. C# makes new memory in each round; a BPF program has one piece of stack for all of them, which is the same as
/// long as no round hands its memory on to the next. Follows the pointers and spans of the body by name.
/// </summary>
internal static class StackAllocEscape
{
    private const string Message =
        "This keeps memory of a 'stackalloc' for the next round of the loop, but all rounds have the same: use one 'stackalloc' before the loop, or keep the values";

    /// <summary>Refuses a <c>stackalloc</c> whose memory outlives the round of the loop that it is in.</summary>
    public static void Refuse(IOperation allocation)
    {
        IOperation root = allocation;
        while (root.Parent is not null)
        {
            root = root.Parent;
        }

        foreach (TextSpan loop in Loops(root, allocation))
        {
            var assignments = root.Descendants().Where(o => loop.Contains(o.Syntax.Span)).Select(Assignment).OfType<(IOperation? Target, ISymbol? Declared, IOperation Value)>().ToArray();
            var held = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
            bool grows = true;
            while (grows)
            {
                grows = false;
                foreach ((IOperation? target, ISymbol? declared, IOperation value) in assignments)
                {
                    grows |= (target is null ? declared : Changed(target).Variable) is { } variable && IsDeclaredIn(variable, loop) && Carries(value, held) && held.Add(variable);
                }
            }

            foreach ((IOperation? target, _, IOperation value) in assignments)
            {
                if (target is not null && Carries(value, held) && !(Changed(target) is (Variable: { } variable, IsThrough: var isThrough) && (isThrough ? held.Contains(variable) : IsDeclaredIn(variable, loop))))
                {
                    throw new LoweringException(Descriptors.NotSupported, target.Parent!.Syntax.GetLocation(), Message);
                }
            }
        }
    }

    /// <summary>The loops around an operation, those that 'goto' makes among them.</summary>
    private static IEnumerable<TextSpan> Loops(IOperation root, IOperation inner)
    {
        for (IOperation? outer = inner.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ILoopOperation { Body.Syntax: var body })
            {
                yield return body.Span;
            }
        }

        int at = inner.Syntax.SpanStart;
        foreach (IBranchOperation branch in root.Descendants().OfType<IBranchOperation>().Where(b => b.BranchKind == BranchKind.GoTo && b.Syntax.SpanStart > at))
        {
            if (branch.Target.DeclaringSyntaxReferences.FirstOrDefault()?.Span.Start is { } label && label < at)
            {
                yield return TextSpan.FromBounds(label, branch.Syntax.Span.End);
            }
        }
    }

    /// <summary>What an operation assigns to what.</summary>
    private static (IOperation? Target, ISymbol? Declared, IOperation Value)? Assignment(IOperation operation) => operation switch
    {
        ISimpleAssignmentOperation { Target: var target, Value: var value } => (target, null, value),
        IVariableDeclaratorOperation { Symbol: var symbol } declarator when (declarator.Initializer ?? (declarator.Parent as IVariableDeclarationOperation)?.Initializer)?.Value is { } value => (null, symbol, value),
        _ => null,
    };

    /// <summary>The variable that an assignment changes, or the pointer that it writes through; null if it has no name.</summary>
    private static (ISymbol? Variable, bool IsThrough) Changed(IOperation target) => target switch
    {
        ILocalReferenceOperation { Local: var local } => (local, false),
        IParenthesizedOperation { Operand: var inner } => Changed(inner),
        IFieldReferenceOperation { Instance: { } instance } => Changed(instance),
        { Kind: OperationKind.None, ChildOperations.Count: > 0 } => (Changed(target.ChildOperations.First()).Variable, true),
        IPropertyReferenceOperation { Instance: { } instance } when instance.Type.IsSpan() => (Changed(instance).Variable, true),
        _ => (null, false),
    };

    /// <summary>True for a pointer, a span or a struct of pointers that is made of memory of the loop, or of what holds it.</summary>
    private static bool Carries(IOperation value, HashSet<ISymbol> held) =>
        value.Type is { } type && HoldsPointers(type)
        && value.DescendantsAndSelf().Any(o => o.Syntax is StackAllocArrayCreationExpressionSyntax or ImplicitStackAllocArrayCreationExpressionSyntax || (o is ILocalReferenceOperation { Local: var local } && held.Contains(local)));

    private static bool HoldsPointers(ITypeSymbol type) =>
        type is IPointerTypeSymbol || type.IsSpan() || (Layouts.IsStruct(type) && type.InstanceFields().Any(f => !f.IsFixedSizeBuffer && HoldsPointers(f.Type)));

    private static bool IsDeclaredIn(ISymbol variable, TextSpan loop) =>
        variable.DeclaringSyntaxReferences.FirstOrDefault() is { } syntax && loop.Contains(syntax.Span);
}
