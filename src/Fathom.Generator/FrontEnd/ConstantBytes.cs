using System;
using System.Linq;
using Fathom.Generator.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Generator.FrontEnd;

/// <summary>The bytes that a static field starts with.</summary>
internal static class ConstantBytes
{
    /// <summary>Evaluates the initialiser of a field, which must be constant or the default of its type.</summary>
    public static byte[] Of(IFieldSymbol field, int size, Compilation compilation)
    {
        var bytes = new byte[size];
        var declarator = field.DeclaringSyntaxReferences.Select(r => r.GetSyntax()).OfType<VariableDeclaratorSyntax>().FirstOrDefault();
        if (declarator?.Initializer?.Value is not { } value || value.IsKind(SyntaxKind.DefaultLiteralExpression) || value is DefaultExpressionSyntax)
        {
            return bytes;
        }

        if (Evaluate(field, value, compilation) is not { } constant)
        {
            throw new LoweringException(Descriptors.StaticField, value.GetLocation(), field.Name, "its initialiser must be a constant, because it is part of the object file");
        }

        Write(bytes, constant);
        return bytes;
    }

    /// <summary>Writes a constant little-endian.</summary>
    public static void Write(byte[] bytes, object constant)
    {
        ulong bits = Bits(constant);
        for (int i = 0; i < bytes.Length && i < 8; i++)
        {
            bytes[i] = (byte)(bits >> (8 * i));
        }
    }

    /// <summary>The bits of an integer constant, sign-extended.</summary>
    public static ulong Bits(object constant) => constant switch
    {
        ulong u => u,
        bool b => b ? 1u : 0u,
        char c => c,
        _ => unchecked((ulong)Convert.ToInt64(constant)),
    };

    private static object? Evaluate(IFieldSymbol field, ExpressionSyntax value, Compilation compilation)
    {
#pragma warning disable RS1030 // The initialiser may be in another file of a partial class than the one that is analysed.
        Optional<object?> constant = compilation.GetSemanticModel(value.SyntaxTree).GetConstantValue(value);
#pragma warning restore RS1030
        if (!constant.HasValue || constant.Value is null or string or float or double or decimal)
        {
            return null;
        }

        return Layouts.ScalarSize(field.Type) > 0 && field.Type.TypeKind != TypeKind.Pointer ? constant.Value : null;
    }
}
