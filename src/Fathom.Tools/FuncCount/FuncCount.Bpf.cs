using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Filters;

namespace Fathom.Tools.FuncCount;

/// <summary>Counts how often each of many places is passed.</summary>
/// <remarks>
/// There is one program for each way of attaching, and of these one is loaded. Which place it is, the program learns from its cookie, so that
/// one program does however many places there are; where the kernel has no cookies, the program is loaded once for each place, with the place
/// as a constant and <see cref="Counts"/> shared.
/// Each place has a counter on each CPU. The addition is atomic all the same: a program at a user function may be interrupted by another thread
/// that passes a place on the same CPU.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
internal static unsafe partial class FuncCountProbe
{
    /// <summary>What is asked (<see cref="FuncCountMode"/>).</summary>
    [Constant]
    public static readonly uint Mode;

    /// <summary>The place, without <see cref="FuncCountMode.ByCookie"/>.</summary>
    [Constant]
    public static readonly uint Place;

    /// <summary>The CPU, with <see cref="FuncCountMode.OneCpu"/>.</summary>
    [Constant]
    public static readonly uint Cpu;

    /// <summary>How often each place was passed.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ulong> Counts = new();

    /// <summary>
    /// How often a program ran, whether or not that counted: what tracing costs. Apart, those where the kernel had to run an instruction one step at a
    /// time. An estimate, so that nothing is atomic.
    /// </summary>
    [Map(MaxEntries = 2)]
    internal static readonly PerCpuArray<ulong> Passes = new();

    /// <summary>Of each system call by its number: its place plus 1 for the entry and for the exit, 0 for none.</summary>
    [Map(MaxEntries = FuncCountMode.SystemCalls)]
    internal static readonly ArrayMap<SystemCallPlaces> Calls = new();

    /// <summary>Many functions of the kernel.</summary>
    [KprobeMulti]
    private static void KernelFunctions() => PassCookie(Helpers.Context());

    /// <summary>One function of the kernel.</summary>
    [Kprobe]
    private static void KernelFunction() => PassCookie(Helpers.Context());

    /// <summary>One function of the kernel, by trampoline.</summary>
    [Fentry]
    private static void KernelTrampoline() => Pass(Place);

    /// <summary>Many places in a file.</summary>
    [UprobeMulti]
    private static void UserFunctions() => PassCookie(Helpers.Context());

    /// <summary>One place in a file.</summary>
    [Uprobe]
    private static void UserFunction() => PassCookie(Helpers.Context());

    /// <summary>A tracepoint.</summary>
    [RawTracepoint]
    private static void Tracepoint() => PassCookie(Helpers.Context());

    /// <summary>The entry of every system call, in place of a tracepoint for each.</summary>
    [TracepointBtf("sys_enter")]
    private static void CallEntered(PtRegs* registers, long number)
    {
        SystemCallPlaces* places = FindCall(number);
        if (places != null && places->Entry != 0)
        {
            Pass(places->Entry - 1);
        }
    }

    /// <summary>The exit of every system call.</summary>
    [TracepointBtf("sys_exit")]
    private static void CallLeft(PtRegs* registers, long result)
    {
        SystemCallPlaces* places = FindCall((long)registers->OriginalRax);
        if (places != null && places->Exit != 0)
        {
            Pass(places->Exit - 1);
        }
    }

    // Numbers of the 32-bit interface are others, and the kernel's own tracepoints of system calls leave them away too:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/trace/trace_syscalls.c (trace_get_syscall_nr)
    private static SystemCallPlaces* FindCall(long number)
    {
        if ((ulong)number >= FuncCountMode.SystemCalls)
        {
            return null;
        }

        var task = (TaskStruct*)Helpers.GetCurrentTask();
        return (task->thread_info.status & ThreadInfo.Compat) != 0 ? null : Calls.Lookup((uint)number);
    }

    private static void PassCookie(void* context)
    {
        ulong cookie = (Mode & FuncCountMode.ByCookie) != 0 ? Helpers.GetAttachCookie(context) : Place;
        Pass((uint)cookie, (uint)(cookie >> FuncCountMode.StepShift));
    }

    private static void Pass(uint place, uint isStepped = 0)
    {
        ulong* passes = Passes.Lookup(isStepped);
        if (passes != null)
        {
            (*passes)++;
        }

        if ((Mode & FuncCountMode.OneCpu) != 0 && Helpers.GetSmpProcessorId() != Cpu)
        {
            return;
        }

        if (!TaskFilter.WantsCurrent())
        {
            return;
        }

        ulong* count = Counts.Lookup(place);
        if (count != null)
        {
            Interlocked.Increment(ref *count);
        }
    }
}
