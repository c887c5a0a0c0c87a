using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.FrontEnd;

/// <summary>
/// Conditions of <c>[LoadIf]</c> as members of the generated class of an object's constants. A property that programs ask in the kernel is asked in user
/// space too, where the constants are properties of that class: so its expression is written out again.
/// </summary>
/// <param name="shape">The object.</param>
/// <param name="compilation">The project.</param>
internal sealed class LoadConditions(ObjectShape shape, Compilation compilation)
{
    // What a property may go through on its way to constants: more is a property that asks itself.
    private const int Deepest = 16;

    private readonly Dictionary<string, (ISymbol Property, string Expression)> _properties = [];

    /// <summary>The properties that are conditions, each with its expression of constants.</summary>
    public IEnumerable<(ISymbol Property, string Expression)> Properties => _properties.Values;

    /// <summary>The name of the constant or property that is the condition of a program or map; null if it has none.</summary>
    /// <exception cref="LoweringException">It is no condition of constants.</exception>
    public string? Of(ISymbol member)
    {
        if (member.Vocable("LoadIf") is not { } attribute)
        {
            return null;
        }

        string name = attribute.First<string>() ?? "";
        ISymbol? found = Own(member.ContainingType).SelectMany(type => type.GetMembers(name)).FirstOrDefault(m => m is { IsStatic: true } and (IFieldSymbol or IPropertySymbol));
        Location where = attribute.ApplicationSyntaxReference is { } syntax ? Location.Create(syntax.SyntaxTree, syntax.Span) : member.Place();
        if (found is null || TypeOf(found)?.SpecialType != SpecialType.System_Boolean)
        {
            throw Wrong(where, "'" + name + "' is no bool field or property of this class or its parts");
        }

        string expression = Write(found, where, 0);
        if (found is IPropertySymbol)
        {
            if (_properties.TryGetValue(name, out (ISymbol Property, string Expression) other) && !SymbolEqualityComparer.Default.Equals(found, other.Property))
            {
                throw Wrong(where, "another part has a condition '" + name + "' too: choose another name");
            }

            _properties[name] = (found, expression);
        }

        return name;
    }

    // A part's own names come before those of others.
    private IEnumerable<INamedTypeSymbol> Own(INamedTypeSymbol first) => [first, shape.Type, .. shape.Parts];

    private string Write(ISymbol symbol, Location where, int depth) => symbol switch
    {
        IFieldSymbol { IsConst: true } field => Literal(field.ConstantValue, where),
        IFieldSymbol { IsStatic: true } field when field.Has("Constant") && shape.IsOwn(field.ContainingType) && field.Type.IsNameable() => Escape(field.Name),
        IPropertySymbol { IsStatic: true } property when depth < Deepest && shape.IsOwn(property.ContainingType) && BodyOf(property) is { } body =>
            "(" + Write(body, compilation.GetSemanticModel(body.SyntaxTree), where, depth + 1) + ")",
        _ => throw Wrong(where, "'" + symbol.Name + "' is neither a [Constant] nor a property of them, written with =>"),
    };

    private string Write(ExpressionSyntax expression, SemanticModel model, Location where, int depth) => expression switch
    {
        _ when model.GetConstantValue(expression) is { HasValue: true } known => Literal(known.Value, where),
        ParenthesizedExpressionSyntax inner => "(" + Write(inner.Expression, model, where, depth) + ")",
        PrefixUnaryExpressionSyntax not when not.IsKind(SyntaxKind.LogicalNotExpression) => "!" + Write(not.Operand, model, where, depth),
        BinaryExpressionSyntax both when both.Kind() is SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression or SyntaxKind.BitwiseAndExpression or SyntaxKind.BitwiseOrExpression or SyntaxKind.EqualsExpression or SyntaxKind.NotEqualsExpression =>
            Write(both.Left, model, where, depth) + " " + both.OperatorToken.Text + " " + Write(both.Right, model, where, depth),
        MemberAccessExpressionSyntax access when model.GetSymbolInfo(access).Symbol is IFieldSymbol { IsStatic: false } field =>
            Write(access.Expression, model, where, depth) + "." + Escape(field.Name),
        IdentifierNameSyntax or MemberAccessExpressionSyntax when model.GetSymbolInfo(expression).Symbol is { } symbol => Write(symbol, where, depth),
        _ => throw Wrong(where, "'" + expression + "' is more than user space can ask: a condition is made of constants, '!', '&', '|', '&&', '||', '==' and '!='"),
    };

    private static ExpressionSyntax? BodyOf(IPropertySymbol property) => property.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() switch
    {
        PropertyDeclarationSyntax { ExpressionBody: { } arrow } => arrow.Expression,
        PropertyDeclarationSyntax { AccessorList.Accessors: { Count: 1 } accessors } => accessors[0].ExpressionBody?.Expression,
        _ => null,
    };

    private static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch { IFieldSymbol field => field.Type, IPropertySymbol property => property.Type, _ => null };

    private static string Literal(object? value, Location where) => value switch
    {
        bool known => known ? "true" : "false",
        sbyte or byte or short or ushort or int or uint or long or ulong => System.Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => throw Wrong(where, "a condition compares numbers and bools"),
    };

    private static string Escape(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    private static LoweringException Wrong(Location where, string what) => new(Descriptors.NotSupported, where, "[LoadIf]: " + what);
}
