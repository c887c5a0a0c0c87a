using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Operations;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>
/// The cases of <see cref="ConstructTests"/> leave nothing out: each kind of syntax and operation that Roslyn has is in one of them, or in
/// Cases/Constructs/Elsewhere.list with the reason why not. A new version of the language makes this fail until somebody decides.
/// </summary>
public sealed class CompletenessTests
{
    private static readonly string[] s_endings = ["Expression", "Statement", "Pattern", "Declaration", "Clause", "Designation", "Initializer", "Constraint", "Type", "Element", "Subpattern", "Label", "Arm", "Section", "Modifier"];

    private static readonly Dictionary<string, string> s_elsewhere = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Cases", "Constructs", "Elsewhere.list"))
        .Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(": ", 2)).ToDictionary(p => p[0], p => p[1]);

    [Fact]
    public void Every_kind_of_syntax_has_a_case()
    {
        var seen = Trees().SelectMany(t => t.GetRoot(TestContext.Current.CancellationToken).DescendantNodes()).Select(n => n.Kind().ToString()).ToHashSet();
        Compare([.. Enum.GetNames<SyntaxKind>().Where(IsConstruct)], seen);
    }

    [Fact]
    public void Every_kind_of_operation_has_a_case()
    {
        var compilation = Compiling.Compile([.. ConstructCase.All.Select(c => c.Source)]);
        var seen = new HashSet<string>();
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (SyntaxNode node in tree.GetRoot(TestContext.Current.CancellationToken).DescendantNodes())
            {
                if (model.GetOperation(node, TestContext.Current.CancellationToken) is { } operation)
                {
                    seen.UnionWith(operation.DescendantsAndSelf().Select(o => "Operation." + o.Kind));
                }
            }
        }

        Compare([.. Enum.GetNames<OperationKind>().Distinct().Select(n => "Operation." + Enum.Parse<OperationKind>(n)).Distinct()], seen);
    }

    [Fact]
    public void Names_are_told_apart()
    {
        Assert.Equal(ConstructCase.All.Length, ConstructCase.All.Select(c => c.Namespace).Distinct().Count());
    }

    private static IEnumerable<SyntaxTree> Trees() => Compiling.Compile([.. ConstructCase.All.Select(c => c.Source)]).SyntaxTrees;

    // Tokens, trivia, directives and documentation comments carry no meaning of their own.
    private static bool IsConstruct(string kind) =>
        s_endings.Any(e => kind.EndsWith(e, StringComparison.Ordinal)) && !kind.EndsWith("Keyword", StringComparison.Ordinal) && !kind.EndsWith("Trivia", StringComparison.Ordinal);

    private static void Compare(string[] all, HashSet<string> seen)
    {
        string group = all[0].StartsWith("Operation.", StringComparison.Ordinal) ? "Operation." : "";
        var elsewhere = s_elsewhere.Keys.Where(k => k.StartsWith("Operation.", StringComparison.Ordinal) == (group.Length > 0)).ToList();
        Assert.True(all.Length > 100, $"only {all.Length} kinds");
        string[] undecided = [.. all.Where(k => !seen.Contains(k) && !elsewhere.Contains(k))];
        Assert.True(undecided.Length == 0, "no case: " + string.Join(", ", undecided));
        string[] stale = [.. elsewhere.Where(k => seen.Contains(k) || !all.Contains(k))];
        Assert.True(stale.Length == 0, "has a case, or is not there: " + string.Join(", ", stale));
    }
}
