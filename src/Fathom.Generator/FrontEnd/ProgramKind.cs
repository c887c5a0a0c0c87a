using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Compiler.IR;
using Microsoft.CodeAnalysis;

namespace Fathom.Generator.FrontEnd;

/// <summary>Where a program finds the arguments of its method.</summary>
internal enum ArgumentSource
{
    /// <summary>It has one, the context.</summary>
    Context,
    /// <summary>Words of the context, whose types the kernel knows.</summary>
    Words,
    /// <summary>Registers at a function's call.</summary>
    Registers,
    /// <summary>The register that has a function's result when it returns.</summary>
    ResultRegister,
    /// <summary>The word behind a function's arguments, whose number the program knows or asks the kernel for.</summary>
    ResultWord,
    /// <summary>Where the object's map of USDT arguments says.</summary>
    Usdt,
}

/// <summary>What a program may return.</summary>
internal enum ResultRule
{
    /// <summary>Nothing or a number.</summary>
    Any,
    /// <summary>Nothing: the verifier refuses anything but 0.</summary>
    None,
    /// <summary>A number: the kernel acts on it, and 0 is not what a method without a result means.</summary>
    Needed,
}

/// <summary>A type of program: its name and its flag in ProgramTypes, and what its methods look like.</summary>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Flag">Its bit in ProgramTypes.</param>
/// <param name="Arguments">Where its arguments are.</param>
/// <param name="Context">The struct of Fathom.Bpf that its context is; null if it has none, or one of many.</param>
/// <param name="Result">What it may return.</param>
internal sealed record ProgramKind(string Name, int Flag, ArgumentSource Arguments = ArgumentSource.Context, string? Context = null, ResultRule Result = ResultRule.Any)
{
    // In struct pt_regs: di, si, dx, cx, r8, r9, and ax. https://github.com/torvalds/linux/blob/v6.12/arch/x86/include/uapi/asm/ptrace.h
    private static readonly int[] s_argumentRegisters = [112, 104, 96, 88, 72, 64];
    private const int ResultRegister = 80;

    // https://github.com/torvalds/linux/blob/v6.12/arch/x86/include/asm/syscall_wrapper.h
    private static readonly string[] s_syscallFunctions = ["__x64_sys_", "__ia32_sys_", "__se_sys_", "__do_sys_", "ksys_"];

    /// <summary>The names of the flags, in their order.</summary>
    public static IReadOnlyList<string> FlagNames { get; } =
        ["TracepointBtf", "RawTracepoint", "Tracepoint", "PerfEvent", "Syscall", "Xdp", "TrafficControl", "Kprobe", "Fentry", "Iterator", "CgroupSkb", "CgroupSock", "CgroupSockAddr"];

    /// <summary>What may stand behind the section's name; null if nothing may.</summary>
    public Target? Target { get; init; }

    /// <summary>What arguments that are pointers point into.</summary>
    public PointerSpace Pointers { get; init; } = PointerSpace.Trusted;

    /// <summary>True if words are what was in registers: above a narrow argument there may be anything.</summary>
    public bool HasGarbage { get; init; }

    /// <summary>Number of the function's arguments, and so the index of the word with its result; null if it is not known.</summary>
    public int? ResultIndex { get; init; }

    /// <summary>What it is attached to, as its attribute names it; null if that is said when attaching.</summary>
    public string? Event { get; init; }

    /// <summary>True at a system call, where the numbers that are addresses come from the process.</summary>
    public bool IsAtSyscall => Event is { } at && (Name switch
    {
        "Tracepoint" => at.StartsWith("syscalls/", StringComparison.Ordinal) || at.StartsWith("raw_syscalls/", StringComparison.Ordinal),
        "RawTracepoint" or "TracepointBtf" => at is "sys_enter" or "sys_exit",
        _ => Pointers != PointerSpace.User && s_syscallFunctions.Any(f => at.StartsWith(f, StringComparison.Ordinal)),
    });

    /// <summary>What is wrong with a context of Fathom.Bpf as that of this program; null if nothing is, or the struct is no such context.</summary>
    public string? FindContextProblem(ITypeSymbol context)
    {
        if (!context.Has("KernelContext") && !context.Is(Symbols.Vocabulary, "PtRegs"))
        {
            return null;
        }

        bool fits = (Name, context.Name) switch
        {
            ("Tracepoint", "SyscallEnterContext") => Event is null || Event.StartsWith("syscalls/sys_enter_", StringComparison.Ordinal) || Event == "raw_syscalls/sys_enter",
            ("Tracepoint", "SyscallExitContext") => Event is null || Event.StartsWith("syscalls/sys_exit_", StringComparison.Ordinal) || Event == "raw_syscalls/sys_exit",
            (_, "RawTracepointContext") => Context == context.Name || Arguments is ArgumentSource.Words or ArgumentSource.ResultWord,
            (_, "PtRegs") => Context == context.Name || Arguments is ArgumentSource.Registers or ArgumentSource.ResultRegister,
            _ => Context == context.Name,
        };
        return fits ? null : "the context " + (Event is null ? "of this program" : "at '" + Event.Replace('/', ':') + "'") + " is no '" + context.Name + "'"
            + (Context is not null ? ", but a '" + Context + "'"
            : context.Name == "SyscallExitContext" && IsAtSyscall ? ": the result is known at the exit, 'sys_exit'"
            : context.Name == "SyscallEnterContext" && IsAtSyscall ? ": the arguments are known at the entry, 'sys_enter'" : "");
    }

    /// <summary>How many parameters a method may have.</summary>
    public int MaxParameters => Arguments switch
    {
        // https://github.com/torvalds/linux/blob/v6.12/include/linux/bpf.h (MAX_BPF_FUNC_ARGS)
        ArgumentSource.Words => 12,
        // As many as UsdtSpec has.
        ArgumentSource.Usdt => 12,
        ArgumentSource.Registers => s_argumentRegisters.Length,
        _ => 1,
    };

    /// <summary>True if the one parameter of a method is the context, and no argument.</summary>
    public bool TakesContext(IMethodSymbol method) =>
        method.Parameters.Length > 0 && (Arguments == ArgumentSource.Context || (method.Parameters.Length == 1 && IsContext(method.Parameters[0])));

    /// <summary>True if a parameter has the type of the context.</summary>
    public bool IsContext(IParameterSymbol parameter) =>
        Context is not null && parameter.Type is IPointerTypeSymbol { PointedAtType: var pointee } && pointee.Is(Symbols.Vocabulary, Context);

    /// <summary>Offset in the context of the word with an argument; null if a helper must be asked.</summary>
    public int? ArgumentOffset(int index) => Arguments switch
    {
        ArgumentSource.Registers => s_argumentRegisters[index],
        ArgumentSource.ResultRegister => ResultRegister,
        ArgumentSource.ResultWord => ResultIndex * 8,
        ArgumentSource.Usdt => null,
        _ => index * 8,
    };
}
