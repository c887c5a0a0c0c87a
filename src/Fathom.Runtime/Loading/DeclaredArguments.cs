using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>Compares what the methods of an object declare as their arguments with what the kernel passes there.</summary>
/// <remarks>
/// The verifier knows the types of what the kernel passes, and not what a program takes them for: a field is found by the declared type, and read
/// at that place in whatever is there. So what does not fit is refused before. The object says what it declares (<see cref="ProgramForms.DeclarationPrefix"/>);
/// objects of other compilers do not, and are not asked. Trailing arguments may be left out, and more may be declared than this kernel has:
/// they are loaded where they are used, and the verifier refuses that if it can be reached.
/// </remarks>
internal sealed class DeclaredArguments
{
    private readonly BtfData _types;
    private readonly Dictionary<string, int> _declarations = new(StringComparer.Ordinal);

    /// <summary>Reads the declarations of an object.</summary>
    /// <param name="types">Its types.</param>
    public DeclaredArguments(BtfData types)
    {
        _types = types;
        for (int id = types.FirstId; id < types.TypeCount; id++)
        {
            BtfType type = types.GetType(id);
            if (type.Kind == BtfKind.Function && type.NameBytes.StartsWith("____"u8) && types.GetType(type.TargetId).Kind == BtfKind.FunctionPrototype)
            {
                _declarations.TryAdd(type.Name[ProgramForms.DeclarationPrefix.Length..], type.TargetId);
            }
        }
    }

    /// <summary>Throws if a program declares another argument than the kernel passes.</summary>
    /// <param name="program">The program.</param>
    /// <param name="section">What it is for.</param>
    /// <param name="kernel">The kernel's types.</param>
    /// <param name="target">The kernel's type of the place: that of a tracepoint, or a function.</param>
    /// <exception cref="ArgumentMismatchException">It does.</exception>
    public void MustFit(string program, ProgramSection section, BtfData kernel, int target)
    {
        if (!_declarations.TryGetValue(program, out int declaration))
        {
            return;
        }

        BtfType declared = _types.GetType(declaration);
        List<int> passed = PassedAt(kernel, target, section.Kind == "fexit");
        // Behind the context.
        for (int i = 1; i < declared.Count && i <= passed.Count; i++)
        {
            BtfParameter parameter = declared.GetParameter(i);
            int actual = passed[i - 1];
            if (kernel.GetType(kernel.SkipModifiers(actual)).IsComposite)
            {
                // By value: it may take two places, and what comes behind it is elsewhere.
                return;
            }

            if (Problem(parameter.TypeId, kernel, actual) is { } problem)
            {
                string all = string.Join(", ", passed.Select(type => Text(kernel, type)));
                throw new ArgumentMismatchException("load program", program, parameter.Name, section.Kind, section.Target,
                    $"its parameter {i}, '{parameter.Name}', is declared as {Text(_types, parameter.TypeId)}, but {(section.Kind == "tp_btf" ? "tracepoint" : section.Kind)} "
                    + $"{section.Target} of this kernel passes {Text(kernel, actual)} there, and {problem}: declare its arguments from the first one on, which are ({all}). "
                    + "Trailing ones may be left out; declare as void* what differs between kernels, and cast it.");
            }
        }
    }

    /// <summary>What a program declares its context to be, where that is a struct; null where it is not.</summary>
    /// <param name="program">The program.</param>
    public DeclaredContext? ContextOf(string program)
    {
        if (!_declarations.TryGetValue(program, out int declaration) || _types.GetType(declaration) is not { Count: > 0 } declared)
        {
            return null;
        }

        BtfType pointer = _types.GetType(_types.SkipModifiers(declared.GetParameter(0).TypeId));
        BtfType type = _types.GetType(_types.SkipModifiers(pointer.TargetId));
        return !type.IsComposite ? null : new(BaseName(type.Name), [.. Enumerable.Range(0, type.Count).Select(i => type.GetMember(i).Name)]);
    }

    // typedef void (*btf_trace_NAME)(void *, ARGUMENTS), or a function, whose result comes behind its arguments when it returns.
    private static List<int> PassedAt(BtfData kernel, int target, bool withResult)
    {
        BtfType type = kernel.GetType(target);
        bool isTracepoint = type.Kind == BtfKind.Typedef;
        BtfType prototype = kernel.GetType(isTracepoint ? kernel.GetType(type.TargetId).TargetId : type.TargetId);
        var passed = new List<int>();
        for (int i = isTracepoint ? 1 : 0; i < prototype.Count; i++)
        {
            passed.Add(prototype.GetParameter(i).TypeId);
        }

        if (withResult && prototype.TargetId != 0)
        {
            passed.Add(prototype.TargetId);
        }

        return passed;
    }

    private string? Problem(int declaredId, BtfData kernel, int actualId)
    {
        BtfType declared = _types.GetType(_types.SkipModifiers(declaredId));
        BtfType actual = kernel.GetType(kernel.SkipModifiers(actualId));
        if (declared.Kind == BtfKind.Pointer)
        {
            BtfType wanted = _types.GetType(_types.SkipModifiers(declared.TargetId));
            if (wanted.Kind == BtfKind.Void)
            {
                return null;
            }

            return actual.Kind != BtfKind.Pointer
                ? !wanted.IsComposite && actual.Size == sizeof(ulong) ? null : "a number is no pointer"
                : PointeeProblem(wanted, kernel.GetType(kernel.SkipModifiers(actual.TargetId)));
        }

        if (!IsNumber(declared))
        {
            return null;
        }

        if (actual.Kind == BtfKind.Pointer)
        {
            return declared.Size == sizeof(ulong) ? null : "a number of less than 64 bits does not hold a pointer";
        }

        if (!IsNumber(actual) || declared.Size == actual.Size)
        {
            return null;
        }

        return declared.Size < actual.Size ? "the narrower one cuts it off"
            : actual.IsSigned ? "what is negative would be read as a large number"
            : null;
    }

    private static string? PointeeProblem(BtfType wanted, BtfType actual)
    {
        bool isStruct = actual.IsComposite || actual.Kind == BtfKind.Forward;
        if (!wanted.IsComposite || actual.Kind is BtfKind.Void or BtfKind.FunctionPrototype || (isStruct && actual.NameBytes.IsEmpty))
        {
            return null;
        }

        return !isStruct ? "no struct" : BaseName(wanted.Name) == BaseName(actual.Name) ? null : "another struct has other fields";
    }

    private static bool IsNumber(BtfType type) => type.Kind == BtfKind.Int || type.IsEnum;

    // What stands behind three underscores tells apart several views of one struct: https://docs.kernel.org/bpf/libbpf/libbpf_overview.html
    internal static string BaseName(string name) => name.IndexOf("___", StringComparison.Ordinal) is > 0 and int end ? name[..end] : name;

    private static string Text(BtfData types, int id, int depth = 0)
    {
        BtfType type = types.GetType(id);
        return type.Kind switch
        {
            _ when depth > 4 => "...",
            BtfKind.Pointer => Text(types, type.TargetId, depth + 1) + " *",
            BtfKind.Const => "const " + Text(types, type.TargetId, depth + 1),
            BtfKind.Volatile or BtfKind.Restrict or BtfKind.TypeTag => Text(types, type.TargetId, depth + 1),
            BtfKind.FunctionPrototype => "function",
            BtfKind.Struct or BtfKind.Union or BtfKind.Forward => (type.IsUnion ? "union " : "struct ") + BaseName(type.Name),
            BtfKind.Enum or BtfKind.Enum64 => "enum " + type.Name,
            _ => type.Name,
        };
    }
}

/// <summary>A struct that a program takes its context for.</summary>
/// <param name="Name">Its name in the kernel.</param>
/// <param name="Fields">The fields that it declares.</param>
internal sealed record DeclaredContext(string Name, IReadOnlyList<string> Fields);
