using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What the signature of a program must be.</summary>
internal static class ProgramRules
{
    /// <summary>What is wrong with a program's signature, null if nothing is.</summary>
    public static string? Check(IMethodSymbol method, string kind)
    {
        if (!method.IsStatic || method.IsGenericMethod || method.IsAsync)
        {
            return "it must be an ordinary static method";
        }

        if (!method.ReturnsVoid && (Layouts.ScalarSize(method.ReturnType) is 0 or 8 || method.ReturnType.SpecialType == SpecialType.System_Boolean || method.ReturnsByRef || method.ReturnsByRefReadonly))
        {
            return "its result must be void, an integer of at most 32 bits, or an enum";
        }

        if (kind != "TracepointBtf" && method.Parameters.Length > 1)
        {
            return "it takes at most one parameter, a pointer to its context";
        }

        if (kind == "TracepointBtf" && method.Parameters.Length > 12)
        {
            return "a tracepoint has at most 12 arguments";
        }

        foreach (IParameterSymbol parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None)
            {
                return "parameter '" + parameter.Name + "' must be passed by value";
            }

            bool isPointer = parameter.Type is IPointerTypeSymbol;
            if (kind == "TracepointBtf" ? Layouts.ScalarSize(parameter.Type) == 0 : !isPointer)
            {
                return kind == "TracepointBtf"
                    ? "parameter '" + parameter.Name + "' must be an integer, an enum or a pointer"
                    : "parameter '" + parameter.Name + "' must be a pointer to the context";
            }

            string? context = kind switch { "Xdp" => "XdpContext", "TrafficControl" => "SocketBuffer", "RawTracepoint" => "RawTracepointContext", "PerfEvent" => "PerfEventContext", _ => null };
            if (context is not null && parameter.Type is IPointerTypeSymbol { PointedAtType: { } pointee } && pointee.SpecialType != SpecialType.System_Void && !pointee.Is(Symbols.Vocabulary, context))
            {
                return "its parameter must be '" + context + "*'";
            }
        }

        return null;
    }
}
