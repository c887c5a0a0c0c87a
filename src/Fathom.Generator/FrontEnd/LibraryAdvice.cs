using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>What to write instead of a call into the library.</summary>
internal static class LibraryAdvice
{
    private const string General = "write a static method here, or use a helper from Fathom.Bpf.Helpers";

    private static readonly Dictionary<string, string> s_byMember = new()
    {
        ["Enum.HasFlag"] = "write '(value & flag) == flag'",
        ["Math.Abs"] = "write 'x < 0 ? -x : x'",
        ["Math.Clamp"] = "use Math.Min and Math.Max",
        ["Math.DivRem"] = "use '/' and '%'",
        ["Volatile.Read"] = "use Interlocked, or read the variable",
        ["Volatile.Write"] = "use Interlocked, or assign the variable",
        ["Span.Fill"] = "write a loop over the elements",
        ["Span.CopyTo"] = "write a loop over the elements",
        ["Span.TryCopyTo"] = "write a loop over the elements",
        ["ReadOnlySpan.CopyTo"] = "write a loop over the elements",
        ["Span.op_Equality"] = "compare the elements, or use SequenceEqual with a \"...\"u8 literal",
        ["ReadOnlySpan.op_Equality"] = "compare the elements, or use SequenceEqual with a \"...\"u8 literal",
        ["MemoryExtensions.IndexOf"] = "write a loop over the elements",
        ["MemoryMarshal.Cast"] = "convert a pointer instead",
        ["MemoryMarshal.Read"] = "read through a pointer instead",
        ["Unsafe.As"] = "convert a pointer instead: '*(T*)&value'",
        ["Unsafe.Add"] = "use pointer arithmetic",
        ["Stopwatch.GetTimestamp"] = "use Helpers.KtimeGetNs",
        ["Environment.ProcessId"] = "use Helpers.GetCurrentPidTgid",
        ["Random.Next"] = "use Helpers.GetPrandomU32",
    };

    // On numbers, which all have these.
    private static readonly Dictionary<string, string> s_byName = new()
    {
        ["Equals"] = "use '=='",
        ["CompareTo"] = "use '<' and '>'",
        ["GetHashCode"] = "compute with the number itself",
        ["Min"] = "use Math.Min",
        ["Max"] = "use Math.Max",
        ["Parse"] = "there is no text in the kernel; parse it in user space, and give the number to Load as a [Constant]",
        ["TryParse"] = "there is no text in the kernel; parse it in user space, and give the number to Load as a [Constant]",
    };

    private static readonly Dictionary<string, string> s_byType = new()
    {
        ["Console"] = "output is made in user space: send the values through a map",
        ["Debug"] = "test the condition and return",
        ["DateTime"] = "the kernel counts nanoseconds: use Helpers.KtimeGetNs",
    };

    public static string For(ISymbol symbol)
    {
        string type = symbol.ContainingType?.Name ?? "";
        if (!symbol.DeclaringSyntaxReferences.IsEmpty)
        {
            return symbol is IMethodSymbol { IsExtern: true } ? "native code is not there in the kernel; use a helper from Fathom.Bpf.Helpers" : General;
        }

        return s_byMember.TryGetValue(type + "." + symbol.Name, out string? text) ? text
            : Layouts.ScalarSize(symbol.ContainingType!) > 0 && s_byName.TryGetValue(symbol.Name, out text) ? text
            : s_byType.TryGetValue(type, out text) ? text : General;
    }
}
