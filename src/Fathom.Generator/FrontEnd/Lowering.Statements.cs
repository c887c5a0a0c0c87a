using System.Linq;
using Fathom.Compiler.IR;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Fathom.Generator.FrontEnd;

/// <content>Statements.</content>
internal sealed partial class Lowering
{
    /// <summary>Lowers a statement. What cannot be lowered is reported, and the next statement is tried, so that one run shows all problems.</summary>
    private void Statement(IOperation operation)
    {
        _unit.Cancellation.ThrowIfCancellationRequested();
        if (_b.IsTerminated)
        {
            if (!operation.DescendantsAndSelf().Any(o => o is ILabeledOperation))
            {
                return;
            }

            _b.SetBlock(_b.NewBlock("unreachable"));
        }

        if (UsesBroken(operation))
        {
            Break(operation);
            return;
        }

        Scope scope = _scope;
        try
        {
            At(operation);
            Dispatch(operation);
        }
        catch (LoweringException e)
        {
            _unit.Report(e);
            Break(operation);
            _scope = scope;
        }
        catch (System.Exception e) when (e is not System.OperationCanceledException)
        {
            _unit.Diagnostics.Add(Diagnostic.Create(Descriptors.Internal, Where(operation), ObjectCompiler.Brief(e)));
            _scope = scope;
        }
    }

    private bool UsesBroken(IOperation operation) =>
        _unit.Broken.Count > 0 && operation is not IBlockOperation && operation.DescendantsAndSelf().Any(o => o is ILocalReferenceOperation { Local: var local } && _unit.Broken.Contains(local));

    private void Break(IOperation operation)
    {
        if (operation is IVariableDeclarationGroupOperation group)
        {
            _unit.Broken.UnionWith(group.GetDeclaredVariables());
        }
    }

    private void Dispatch(IOperation operation)
    {
        switch (operation)
        {
            case IBlockOperation block:
                foreach (IOperation statement in block.Operations)
                {
                    Statement(statement);
                }

                break;
            case IVariableDeclarationGroupOperation group:
                foreach (IVariableDeclaratorOperation declarator in group.Declarations.SelectMany(d => d.Declarators))
                {
                    DeclareLocal(declarator);
                }

                break;
            case IExpressionStatementOperation { Operation: var expression }:
                Effect(expression);
                break;
            case IConditionalOperation conditional:
                If(conditional);
                break;
            case IForLoopOperation loop:
                ForLoop(loop);
                break;
            case IWhileLoopOperation loop:
                WhileLoop(loop);
                break;
            case IForEachLoopOperation loop:
                ForEach(loop);
                break;
            case ISwitchOperation choice:
                Switch(choice);
                break;
            case IReturnOperation { Kind: OperationKind.Return } result:
                Return(result.ReturnedValue);
                break;
            case IBranchOperation branch:
                _b.Jump(LabelOf(branch.Target));
                break;
            case ILabeledOperation labeled:
                Block label = LabelOf(labeled.Label);
                JumpTo(label);
                _b.SetBlock(label);
                if (labeled.Operation is { } inner)
                {
                    Statement(inner);
                }

                break;
            case IEmptyOperation or ILocalFunctionOperation:
                break;
            case { Kind: OperationKind.None } when operation.Syntax is FixedStatementSyntax:
                Fixed(operation);
                break;
            case { Kind: OperationKind.None } when operation.Syntax is UnsafeStatementSyntax or BlockSyntax or CheckedStatementSyntax:
                foreach (IOperation child in operation.ChildOperations)
                {
                    Statement(child);
                }

                break;
            default:
                throw RefuseStatement(operation);
        }
    }

    private LoweringException RefuseStatement(IOperation operation) => operation switch
    {
        IForEachLoopOperation or IInvalidOperation => Refuse(operation),
        ITryOperation => new(Descriptors.Exceptions, FirstToken(operation), "there is nothing to catch or to clean up; test results instead"),
        IThrowOperation => new(Descriptors.Exceptions, Where(operation), "return instead"),
        IUsingOperation or IUsingDeclarationOperation => new(Descriptors.Exceptions, FirstToken(operation), "'using' needs a finally; call what must be called on every path"),
        ILockOperation => Unsupported(operation, "There is no lock in a BPF program: use Interlocked on a global or map value, or a per-CPU map"),
        IReturnOperation => Unsupported(operation, "A BPF program cannot be an iterator: write the loop where the values are used"),
        _ => Unsupported(operation, "'" + FirstLine(operation.Syntax) + "' is not part of the C# that compiles to BPF"),
    };

    private static Location FirstToken(IOperation operation) => operation.Syntax.GetFirstToken().GetLocation();

    private void DeclareLocal(IVariableDeclaratorOperation declarator)
    {
        ILocalSymbol local = declarator.Symbol;
        IOperation? initial = (declarator.Initializer ?? (declarator.Parent as IVariableDeclarationOperation)?.Initializer)?.Value;
        At(declarator);
        ITypeSymbol type = Resolve(local.Type);
        if (local.IsConst)
        {
            return;
        }

        if (local.RefKind != RefKind.None)
        {
            _scope.Places[local] = Locate(initial!);
            return;
        }

        if (type.IsSpan())
        {
            DeclareSpan(local, type, initial);
            return;
        }

        if (type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            throw new LoweringException(Descriptors.ManagedType, local.Place(), Layouts.Show(type), Layouts.Instead(type));
        }

        if (Layouts.IsStruct(type))
        {
            MemoryPlace memory = NewMemory(type, local.Name, local.Place());
            _scope.Places[local] = memory;
            if (initial is not null)
            {
                Into(initial, memory, isFresh: true);
            }

            return;
        }

        RequireScalar(type, local.Place());
        if (initial is null || (IsNull(initial) && type is IPointerTypeSymbol))
        {
            Place place = Declare(local, type, null, local.Name);
            _scope.Places[local] = place;
            if (initial is not null)
            {
                Assign(place, initial);
            }

            return;
        }

        Value value = Scalar(initial);
        _scope.Places[local] = Declare(local, type, value, local.Name);
    }

    private void RequireScalar(ITypeSymbol type, Location where)
    {
        if (Layouts.ScalarSize(type) == 0)
        {
            _ = _unit.Layouts.Of(type, where);
        }
    }

    private void If(IConditionalOperation conditional)
    {
        if (conditional.Condition.ConstantValue is { HasValue: true, Value: bool constant })
        {
            if ((constant ? conditional.WhenTrue : conditional.WhenFalse) is { } taken)
            {
                Statement(taken);
            }

            return;
        }

        Block whenTrue = _b.NewBlock("then"), end = _b.NewBlock("endif");
        Block whenFalse = conditional.WhenFalse is null ? end : _b.NewBlock("else");
        Condition(conditional.Condition, whenTrue, whenFalse);
        _b.SetBlock(whenTrue);
        Statement(conditional.WhenTrue);
        JumpTo(end);
        if (conditional.WhenFalse is { } otherwise)
        {
            _b.SetBlock(whenFalse);
            Statement(otherwise);
            JumpTo(end);
        }

        _b.SetBlock(end);
    }

    private void JumpTo(Block target)
    {
        if (!_b.IsTerminated)
        {
            _b.Jump(target);
        }
    }

    /// <summary>The verifier follows a loop until it ends, so one that never does cannot be loaded.</summary>
    private static void RefuseEndless(ILoopOperation loop, IOperation? condition)
    {
        bool goesOn = condition is null || condition.ConstantValue is { HasValue: true, Value: true };
        if (goesOn && !loop.Body.DescendantsAndSelf().Any(o => o is IReturnOperation or IThrowOperation || (o is IBranchOperation branch && (branch.BranchKind == BranchKind.GoTo || SymbolEqualityComparer.Default.Equals(branch.Target, loop.ExitLabel)))))
        {
            throw new LoweringException(Descriptors.NotSupported, FirstToken(loop), "This loop never ends, and the kernel loads only what does: give it a bound or a way out");
        }
    }

    private void ForLoop(IForLoopOperation loop)
    {
        RefuseEndless(loop, loop.Condition);
        foreach (IOperation before in loop.Before)
        {
            Statement(before);
        }

        Block test = _b.NewBlock("for"), body = _b.NewBlock("body"), next = LabelOf(loop.ContinueLabel), exit = LabelOf(loop.ExitLabel);
        JumpTo(test);
        _b.SetBlock(test);
        TestLoop(loop.Condition, body, exit);
        _b.SetBlock(body);
        Statement(loop.Body);
        JumpTo(next);
        _b.SetBlock(next);
        foreach (IOperation bottom in loop.AtLoopBottom)
        {
            Statement(bottom);
        }

        JumpTo(test);
        _b.SetBlock(exit);
    }

    private void TestLoop(IOperation? condition, Block body, Block exit)
    {
        if (condition is null)
        {
            _b.Jump(body);
            return;
        }

        try
        {
            Condition(condition, body, exit);
        }
        catch (LoweringException e)
        {
            _unit.Report(e);
            JumpTo(exit);
        }
    }

    private void WhileLoop(IWhileLoopOperation loop)
    {
        RefuseEndless(loop, loop.Condition);
        Block body = _b.NewBlock("body"), test = LabelOf(loop.ContinueLabel), exit = LabelOf(loop.ExitLabel);
        JumpTo(loop.ConditionIsTop ? test : body);
        if (loop.ConditionIsTop)
        {
            _b.SetBlock(test);
            TestLoop(loop.Condition, body, exit);
            _b.SetBlock(body);
            Statement(loop.Body);
            JumpTo(test);
        }
        else
        {
            _b.SetBlock(body);
            Statement(loop.Body);
            JumpTo(test);
            _b.SetBlock(test);
            TestLoop(loop.Condition, body, exit);
        }

        _b.SetBlock(exit);
    }

    private void Switch(ISwitchOperation choice)
    {
        ITypeSymbol type = TypeOf(choice.Value);
        Place value = Subject(choice.Value);
        Block exit = LabelOf(choice.ExitLabel);
        Block[] bodies = [.. choice.Cases.Select(_ => _b.NewBlock("case"))];
        Block? otherwise = null;
        for (int i = 0; i < bodies.Length; i++)
        {
            foreach (ICaseClauseOperation clause in choice.Cases[i].Clauses)
            {
                if (clause.Label is { } label)
                {
                    _scope.Labels[label] = bodies[i];
                }

                if (clause is IDefaultCaseClauseOperation)
                {
                    otherwise = bodies[i];
                    continue;
                }

                Block next = _b.NewBlock("test");
                Clause(clause, value, type, bodies[i], next);
                _b.SetBlock(next);
            }
        }

        _b.Jump(otherwise ?? exit);
        for (int i = 0; i < bodies.Length; i++)
        {
            _b.SetBlock(bodies[i]);
            foreach (IOperation statement in choice.Cases[i].Body)
            {
                Statement(statement);
            }

            JumpTo(exit);
        }

        _b.SetBlock(exit);
    }

    private void Clause(ICaseClauseOperation clause, Place value, ITypeSymbol type, Block body, Block next)
    {
        switch (clause)
        {
            case ISingleValueCaseClauseOperation single:
                CompareConstant(Load(value, Where(single)), type, single.Value, body, next);
                break;
            case IPatternCaseClauseOperation { Guard: null } pattern:
                Match(pattern.Pattern, value, body, next);
                break;
            case IPatternCaseClauseOperation { Guard: { } guard } pattern:
                Block guarded = _b.NewBlock("when");
                Match(pattern.Pattern, value, guarded, next);
                _b.SetBlock(guarded);
                Condition(guard, body, next);
                break;
            default:
                throw Unsupported(clause, "This kind of case is not part of the C# that compiles to BPF");
        }
    }

    private void Return(IOperation? value)
    {
        // A lambda or local function returns through the scope that inlined it.
        if (_scope.Exit is null)
        {
            _b.Return(value is null ? _b.Constant(_b.Function.Result, 0) : Scalar(value));
            return;
        }

        if (value is not null && value.Type?.SpecialType != SpecialType.System_Void)
        {
            if (_scope.Result is not null)
            {
                Assign(_scope.Result, value);
            }
            else
            {
                Effect(value);
            }
        }
        else if (value is not null)
        {
            Effect(value);
        }

        JumpTo(_scope.Exit);
    }

    private Block LabelOf(ILabelSymbol label)
    {
        for (Scope? scope = _scope; scope is not null; scope = scope.Outer)
        {
            if (scope.Labels.TryGetValue(label, out Block? known))
            {
                return known;
            }
        }

        Block block = _b.NewBlock(label.Name.Length > 0 ? label.Name : "label");
        _scope.Labels[label] = block;
        return block;
    }
}
