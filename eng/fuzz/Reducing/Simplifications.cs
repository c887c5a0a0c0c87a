using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Fuzzing.Reducing;

/// <summary>Kinds of simplifications, the boldest first.</summary>
internal enum Simplification
{
    /// <summary>A method, type or field goes.</summary>
    Member,
    /// <summary>A statement, or a part of a switch, goes.</summary>
    Statement,
    /// <summary>A statement becomes what is in it.</summary>
    Unwrap,
    /// <summary>An expression becomes 0, 1 or a part of itself.</summary>
    Expression,
    /// <summary>A parameter goes, with its arguments.</summary>
    Parameter,
    /// <summary>Parentheses go.</summary>
    Parentheses,
}

/// <summary>All simpler forms of a source.</summary>
internal static class Simplifications
{
    private static readonly ExpressionSyntax[] s_literals = [SyntaxFactory.ParseExpression("0"), SyntaxFactory.ParseExpression("1")];

    public static IEnumerable<string> Of(SyntaxNode root, Simplification kind) => kind switch
    {
        Simplification.Member => Nodes<MemberDeclarationSyntax>(root).Where(m => m.Parent is not CompilationUnitSyntax && !IsEntry(m)).Select(m => Without(root, m)),
        Simplification.Statement => Nodes<SyntaxNode>(root).Where(IsRemovable).Select(s => Without(root, s)),
        Simplification.Unwrap => Nodes<StatementSyntax>(root).SelectMany(s => Inside(s).Select(i => With(root, s, i))),
        Simplification.Expression => Nodes<ExpressionSyntax>(root).SelectMany(e => Simpler(e).Select(s => With(root, e, s))),
        Simplification.Parameter => Nodes<ParameterSyntax>(root).Where(p => p.Parent?.Parent is MethodDeclarationSyntax m && !IsEntry(m)).Select(p => WithoutParameter(root, p)),
        _ => Nodes<ParenthesizedExpressionSyntax>(root).Select(p => With(root, p, p.Expression)),
    };

    private static IEnumerable<T> Nodes<T>(SyntaxNode root)
        where T : SyntaxNode => root.DescendantNodes().OfType<T>();

    private static bool IsEntry(SyntaxNode node) => node is MethodDeclarationSyntax { Identifier.Text: "Entry" };

    private static bool IsRemovable(SyntaxNode node) => node switch
    {
        BlockSyntax block => block.Parent is BlockSyntax or SwitchSectionSyntax,
        StatementSyntax statement => statement.Parent is BlockSyntax or SwitchSectionSyntax or LabeledStatementSyntax,
        SwitchSectionSyntax or SwitchExpressionArmSyntax or ElseClauseSyntax or WhenClauseSyntax => true,
        _ => false,
    };

    private static IEnumerable<StatementSyntax> Inside(StatementSyntax statement)
    {
        switch (statement)
        {
            case IfStatementSyntax branch:
                yield return branch.Statement;
                if (branch.Else is { } other)
                {
                    yield return other.Statement;
                }

                break;
            case ForStatementSyntax loop:
                yield return loop.Statement;
                break;
            case WhileStatementSyntax loop:
                yield return loop.Statement;
                break;
            case DoStatementSyntax loop:
                yield return loop.Statement;
                break;
            case ForEachStatementSyntax loop:
                yield return loop.Statement;
                break;
            case LabeledStatementSyntax labeled:
                yield return labeled.Statement;
                break;
            case BlockSyntax { Statements.Count: 1, Parent: BlockSyntax } block:
                yield return block.Statements[0];
                break;
            case SwitchStatementSyntax choice:
                foreach (SwitchSectionSyntax section in choice.Sections)
                {
                    yield return SyntaxFactory.Block(section.Statements.Where(s => s is not BreakStatementSyntax));
                }

                break;
        }
    }

    private static IEnumerable<ExpressionSyntax> Simpler(ExpressionSyntax expression)
    {
        if (expression is LiteralExpressionSyntax or TypeSyntax or InitializerExpressionSyntax or DeclarationExpressionSyntax or RefExpressionSyntax || expression.Parent is TypeSyntax
            || IsBound(expression))
        {
            // Names are worth replacing by numbers only where they are values.
            if (expression is IdentifierNameSyntax { Parent: not (MemberAccessExpressionSyntax or InvocationExpressionSyntax or TypeSyntax or CastExpressionSyntax or ElementAccessExpressionSyntax) } && !IsBound(expression))
            {
                yield return s_literals[0];
            }

            yield break;
        }

        foreach (ExpressionSyntax literal in s_literals)
        {
            yield return literal;
        }

        // An index out of range of what C# does not check is no finding.
        if (expression.Ancestors().Any(a => a is BracketedArgumentListSyntax))
        {
            yield break;
        }

        foreach (ExpressionSyntax part in expression.ChildNodes().OfType<ExpressionSyntax>().Where(e => e is not TypeSyntax or IdentifierNameSyntax))
        {
            yield return part;
        }

        if (expression is InvocationExpressionSyntax invocation)
        {
            foreach (ArgumentSyntax argument in invocation.ArgumentList.Arguments.Where(a => a.RefKindKeyword.IsKind(SyntaxKind.None)))
            {
                yield return argument.Expression;
            }
        }
    }

    /// <summary>True in what bounds a loop: without it, the CLR would not come back.</summary>
    private static bool IsBound(ExpressionSyntax expression) => expression.AncestorsAndSelf().Any(a => a.Parent switch
    {
        ForStatementSyntax loop => a != loop.Statement,
        WhileStatementSyntax loop => a == loop.Condition,
        DoStatementSyntax loop => a == loop.Condition,
        IfStatementSyntax branch => a == branch.Condition && branch.Statement.DescendantNodesAndSelf().OfType<GotoStatementSyntax>().Any(),
        _ => false,
    });

    private static string Without(SyntaxNode root, SyntaxNode node) => root.RemoveNode(node, SyntaxRemoveOptions.KeepNoTrivia)!.ToFullString();

    // As text: not every node may stand in every place of a tree, and what is no C# is not kept anyway.
    private static string With(SyntaxNode root, SyntaxNode node, SyntaxNode simpler) =>
        root.ToFullString().Remove(node.SpanStart, node.Span.Length).Insert(node.SpanStart, simpler.ToString());

    private static string WithoutParameter(SyntaxNode root, ParameterSyntax parameter)
    {
        var list = (ParameterListSyntax)parameter.Parent!;
        int index = list.Parameters.IndexOf(parameter);
        string name = ((MethodDeclarationSyntax)list.Parent!).Identifier.Text;
        IEnumerable<SyntaxNode> arguments = Nodes<InvocationExpressionSyntax>(root)
            .Where(i => i.Expression.ToString() == name && i.ArgumentList.Arguments.Count == list.Parameters.Count)
            .Select(i => (SyntaxNode)i.ArgumentList.Arguments[index]);
        return root.RemoveNodes(arguments.Append(parameter), SyntaxRemoveOptions.KeepNoTrivia)!.ToFullString();
    }
}
