using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What the signature of a program must be.</summary>
internal static class ProgramRules
{
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
        if (method.Parameters.Length > kind.MaxParameters)
        {
            return kind.Arguments switch
            {
                ArgumentSource.Words or ArgumentSource.Usdt => "there are at most 12 arguments",
                ArgumentSource.Registers => "only the first 6 arguments of a function are in registers: leave the others away",
                ArgumentSource.ResultRegister or ArgumentSource.ResultWord => "when a function returns there is its result only: take that as the one parameter, and remember arguments when it is called",
                _ => "it takes at most one parameter, a pointer to its context",
            };
        }

        foreach (IParameterSymbol parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None)
            {
                return "parameter '" + parameter.Name + "' must be passed by value";
            }

            if ((kind.TakesContext(method) ? CheckContext(parameter, kind) : CheckArgument(parameter, kind)) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private static string? CheckContext(IParameterSymbol parameter, ProgramKind kind)
    {
        if (parameter.Type is not IPointerTypeSymbol { PointedAtType: var pointee })
        {
            return "parameter '" + parameter.Name + "' must be a pointer to the context" + (kind.Context is null ? "" : ", '" + kind.Context + "*'");
        }

        if (kind.Context is null && kind.FindContextProblem(pointee) is { } problem)
        {
            return problem;
        }

        return kind.Context is null || pointee.SpecialType == SpecialType.System_Void || kind.IsContext(parameter) ? null : "its parameter must be '" + kind.Context + "*'";
    }

    private static string? CheckArgument(IParameterSymbol parameter, ProgramKind kind)
    {
        if (Layouts.ScalarSize(parameter.Type) == 0)
        {
            return "parameter '" + parameter.Name + "' must be an integer, an enum or a pointer";
        }

        bool isOther = parameter.Type is IPointerTypeSymbol { PointedAtType: var pointee } && pointee.Has("KernelContext");
        return !isOther && !kind.IsContext(parameter) ? null
            : kind.Context is null ? "parameter '" + parameter.Name + "' cannot be a context, as the parameters are arguments: Helpers.Context() gives the context"
            : "its parameters are arguments, or one of them only, '" + kind.Context + "*', is the context; beside arguments Helpers.Context() gives it";
    }
}
