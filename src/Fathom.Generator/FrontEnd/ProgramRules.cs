using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What the signature of a program must be.</summary>
internal static class ProgramRules
{
    // https://github.com/torvalds/linux/blob/v6.12/include/linux/bpf.h (MAX_BPF_FUNC_ARGS)
    private const int MaxArguments = 12;

    /// <summary>What is wrong with a program's signature, null if nothing is.</summary>
    public static string? Check(IMethodSymbol method, ProgramKind kind)
    {
        if (!method.IsStatic || method.IsGenericMethod || method.IsAsync)
        {
            return "it must be an ordinary static method";
        }

        if (!method.ReturnsVoid && (Layouts.ScalarSize(method.ReturnType) is 0 or 8 || method.ReturnType.SpecialType == SpecialType.System_Boolean || method.ReturnsByRef || method.ReturnsByRefReadonly))
        {
            return "its result must be void, an integer of at most 32 bits, or an enum";
        }

        if (method.ReturnsVoid != (kind.Result == ResultRule.None) && kind.Result != ResultRule.Any)
        {
            return kind.Result == ResultRule.None ? "its result must be void, as the kernel takes none from it"
                : kind.Name.StartsWith("Cgroup", System.StringComparison.Ordinal) ? "its result must say what becomes of what it sees: make it CgroupVerdict"
                : "its result must say whether it runs at the return too: make it int, and return 0 if it does, 1 if not";
        }

        return CheckParameters(method, kind);
    }

    private static string? CheckParameters(IMethodSymbol method, ProgramKind kind)
    {
        bool isTyped = kind.Arguments == ArgumentSource.Words;
        if (!isTyped && method.Parameters.Length > 1)
        {
            return "it takes at most one parameter, a pointer to its context";
        }

        if (isTyped && method.Parameters.Length > MaxArguments)
        {
            return "there are at most 12 arguments";
        }

        foreach (IParameterSymbol parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None)
            {
                return "parameter '" + parameter.Name + "' must be passed by value";
            }

            bool isPointer = parameter.Type is IPointerTypeSymbol;
            if (isTyped ? Layouts.ScalarSize(parameter.Type) == 0 : !isPointer)
            {
                return isTyped
                    ? "parameter '" + parameter.Name + "' must be an integer, an enum or a pointer"
                    : "parameter '" + parameter.Name + "' must be a pointer to the context" + (kind.Context is null ? "" : ", '" + kind.Context + "*'");
            }

            if (kind.Context is not null && parameter.Type is IPointerTypeSymbol { PointedAtType: { } pointee } && pointee.SpecialType != SpecialType.System_Void && !pointee.Is(Symbols.Vocabulary, kind.Context))
            {
                return "its parameter must be '" + kind.Context + "*'";
            }
        }

        return null;
    }
}
