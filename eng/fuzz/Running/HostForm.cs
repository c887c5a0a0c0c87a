using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Fuzzing.Running;

/// <summary>
/// Writes a class again for the CLR, with what docs/language.md says of faults: a subprogram that throws gives 0, so does the body of a
/// loop, and a quotient that does not fit wraps.
/// </summary>
internal sealed class HostForm : CSharpSyntaxRewriter
{
    /// <summary>The namespace that the class has in this form.</summary>
    public const string Namespace = "Host";

    /// <summary>What the form calls.</summary>
    public const string Support = """
        namespace Host;
        internal static unsafe class Support
        {
            public static bool IsFault(System.Exception e) =>
                e is System.DivideByZeroException or System.IndexOutOfRangeException or System.ArgumentOutOfRangeException or System.Runtime.CompilerServices.SwitchExpressionException;
            public static long Loop<T>(uint count, delegate*<uint, T*, long> body, T* state) where T : unmanaged
            {
                for (uint i = 0; i < count; i++)
                {
                    long end = 0;
                    try { end = body(i, state); }
                    catch (System.Exception e) when (IsFault(e)) { }
                    if (end != 0) { return i + 1; }
                }
                return count;
            }
            public static int Divide(int a, int b) => b == -1 ? unchecked(-a) : a / b;
            public static uint Divide(uint a, uint b) => a / b;
            public static long Divide(long a, long b) => b == -1 ? unchecked(-a) : a / b;
            public static ulong Divide(ulong a, ulong b) => a / b;
            public static int Remainder(int a, int b) => b == -1 ? 0 : a % b;
            public static uint Remainder(uint a, uint b) => a % b;
            public static long Remainder(long a, long b) => b == -1 ? 0 : a % b;
            public static ulong Remainder(ulong a, ulong b) => a % b;
        }
        """;

    private readonly bool _wraps;

    private HostForm(bool wraps) => _wraps = wraps;

    public static string Of(Subject subject, CSharpParseOptions options)
    {
        SyntaxNode root = CSharpSyntaxTree.ParseText(subject.Source, options).GetRoot();
        bool wraps = subject.Source.Contains("// wraps", System.StringComparison.Ordinal);
        return "namespace " + Namespace + ";\n" + new HostForm(wraps).Visit(root).ToFullString();
    }

    public override SyntaxNode? VisitClassDeclaration(ClassDeclarationSyntax node)
    {
        var visited = (ClassDeclarationSyntax)base.VisitClassDeclaration(node)!;
        var members = visited.Members;
        foreach (MethodDeclarationSyntax method in visited.Members.OfType<MethodDeclarationSyntax>().Where(IsSubprogram))
        {
            // The body moves to a method of its own, so that an exception ends it and not the caller.
            string inner = method.Identifier.Text + "__";
            string call = inner + "(" + string.Join(", ", method.ParameterList.Parameters.Select(Pass)) + ")";
            bool isVoid = method.ReturnType.ToString() == "void";
            var wrapper = (MethodDeclarationSyntax)SyntaxFactory.ParseMemberDeclaration(
                "public static " + method.ReturnType + " " + method.Identifier.Text + method.ParameterList
                + " { " + string.Concat(method.ParameterList.Parameters.Where(p => p.Modifiers.Any(SyntaxKind.OutKeyword)).Select(p => "System.Runtime.CompilerServices.Unsafe.SkipInit(out " + p.Identifier.Text + "); "))
                + "try { " + (isVoid ? "" : "return ") + call + "; } catch (System.Exception e) when (Support.IsFault(e)) { return" + (isVoid ? "" : " default") + "; } }\n")!;
            members = members.Replace(members.First(m => m is MethodDeclarationSyntax x && x.Identifier.Text == method.Identifier.Text), method
                .WithAttributeLists(default).WithIdentifier(SyntaxFactory.Identifier(inner)).WithModifiers(SyntaxFactory.TokenList(SyntaxFactory.ParseTokens("static unsafe "))));
            members = members.Add(wrapper);
        }

        return visited.WithMembers(members);
    }

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        var visited = (BinaryExpressionSyntax)base.VisitBinaryExpression(node)!;
        if (!_wraps || visited.Kind() is not (SyntaxKind.DivideExpression or SyntaxKind.ModuloExpression))
        {
            return visited;
        }

        // Resolving the overload promotes the operands as the operator does.
        string method = visited.IsKind(SyntaxKind.DivideExpression) ? "Divide" : "Remainder";
        return SyntaxFactory.ParseExpression("Support." + method + "(" + visited.Left + ", " + visited.Right + ")");
    }

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        var visited = (InvocationExpressionSyntax)base.VisitInvocationExpression(node)!;
        return visited.Expression.ToString() == "Fathom.Bpf.Helpers.Loop" ? visited.WithExpression(SyntaxFactory.ParseExpression("Support.Loop")) : visited;
    }

    /// <summary>A parameter as an argument, with the keyword that passes it by reference.</summary>
    private static string Pass(ParameterSyntax parameter) => string.Concat(parameter.Modifiers
        .Where(m => m.Kind() is SyntaxKind.RefKeyword or SyntaxKind.InKeyword or SyntaxKind.OutKeyword).Select(m => m.Text + " ")) + parameter.Identifier.Text;

    private static bool IsSubprogram(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(l => l.Attributes).Any(a => a.Name.ToString().EndsWith("BpfSubprogram", System.StringComparison.Ordinal));
}
