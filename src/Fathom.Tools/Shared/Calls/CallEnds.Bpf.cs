using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Calls;

/// <summary>Which system call of the current thread ends, and how: each once, and with the result that its program sees.</summary>
/// <remarks>
/// The kernel shows more exits than there are ends. A call that a signal interrupts is shown with a result that no program sees, and then goes on, under its
/// number or that of <c>restart_syscall</c>, or fails for the sake of a signal handler. The child of a call that makes a process or thread returns from that
/// call too. And a call that never returns, because its thread ends, has no exit.
/// </remarks>
[BpfPart]
internal static unsafe partial class CallEnds
{
    // x86-64 and i386: https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl
    private const uint SigReturn = 15, Clone = 56, Fork = 57, Vfork = 58, Exit = 60, RestartSyscall = 219, ExitGroup = 231, Clone3 = 435;
    private const uint RestartSyscall32 = CallEnd.Compat + 0, Exit32 = CallEnd.Compat + 1, Fork32 = CallEnd.Compat + 2, Clone32 = CallEnd.Compat + 120;
    private const uint SigReturn32 = CallEnd.Compat + 173, Vfork32 = CallEnd.Compat + 190, ExitGroup32 = CallEnd.Compat + 252;
    private const uint Clone3On32 = CallEnd.Compat + Clone3;

    // Results that mean "again", which no program sees: https://github.com/torvalds/linux/blob/v6.18/include/linux/errno.h
    private const long RestartSys = -512, RestartNoInterrupt = -513, RestartNoHandler = -514, RestartBlock = -516;

    // EINTR
    private const long Interrupted = -4;

    // What the return from a signal handler leaves in place of its number.
    private const uint NoCall = uint.MaxValue;

    // SIG_DFL and SIG_IGN are no handlers.
    private const ulong Ignore = 1;

    // SA_RESTART
    private const ulong Restarts = 0x1000_0000;

    // Before Linux 5.15: https://github.com/torvalds/linux/blob/v5.10/arch/x86/include/asm/processor.h (task_pt_regs), without KASAN.
    private const ulong StackSize = 16_384;

    /// <summary>Which calls <c>restart_syscall</c> goes on with, by thread.</summary>
    [Map(MaxEntries = 4096)]
    internal static readonly LruHashMap<uint, uint> Restarting = new();

    /// <summary>The current thread. One helper call, where the kernel has one that gives a trusted task: each costs more than what is computed here.</summary>
    public static Caller GetCaller()
    {
        if (Core.EnumValueExists(BpfFunction.BPF_FUNC_get_current_task_btf))
        {
            var task = (TaskStruct*)Helpers.GetCurrentTaskBtf();
            return new Caller { Ids = ((ulong)(uint)task->tgid << 32) | (uint)task->pid, IsCompat = (task->thread_info.status & ThreadInfo.Compat) != 0 };
        }

        var any = (TaskStruct*)Helpers.GetCurrentTask();
        return new Caller { Ids = Helpers.GetCurrentPidTgid(), IsCompat = (any->thread_info.status & ThreadInfo.Compat) != 0 };
    }

    /// <summary>At the exit of a call: whether it has ended.</summary>
    /// <param name="caller">The current thread.</param>
    /// <param name="registers">The first argument of the tracepoint.</param>
    /// <param name="result">The second.</param>
    /// <param name="end">The call.</param>
    public static bool Returns(Caller caller, PtRegs* registers, long result, out CallEnd end)
    {
        ulong number = registers->OriginalRax;
        uint call = CallOf(caller, number);
        end = new CallEnd { Call = call, Result = result };
        if ((uint)number == NoCall)
        {
            // What the return from a signal handler gives is in a register that it has put back.
            end.Result = 0;
            return true;
        }

        if (IsAgain(result))
        {
            if (result == RestartBlock)
            {
                Restarting.Update((uint)caller.Ids, call);
            }

            return false;
        }

        return result != 0 || call is not (Clone or Fork or Vfork or Clone3 or Clone32 or Fork32 or Vfork32 or Clone3On32);
    }

    /// <summary>When a signal is delivered: whether a handler is to run that came in the way of a call.</summary>
    /// <param name="caller">The current thread.</param>
    /// <param name="action">The third argument of the tracepoint.</param>
    /// <param name="end">The call.</param>
    /// <param name="fails">Whether that ends it. If not, it begins anew after the handler.</param>
    /// <remarks>https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/signal.c (handle_signal)</remarks>
    public static bool IsHandled(Caller caller, SignalAction* action, out CallEnd end, out bool fails)
    {
        CallState state = GetState();
        end = default;
        fails = state.Result != RestartNoInterrupt && (state.Result != RestartSys || (action->sa.sa_flags & Restarts) == 0);
        if ((ulong)action->sa.sa_handler <= Ignore || (uint)state.Number == NoCall || !IsAgain(state.Result))
        {
            return false;
        }

        end.Call = CallOf(caller, state.Number);
        end.Result = Interrupted;
        return true;
    }

    /// <summary>At the end of the current thread: whether it was in a call that never returns, or that a signal had interrupted.</summary>
    /// <param name="caller">The current thread.</param>
    /// <param name="end">The call; it has no result.</param>
    public static bool IsCutOff(Caller caller, out CallEnd end)
    {
        CallState state = GetState();
        end = new CallEnd { Call = CallOf(caller, state.Number) };
        return (uint)state.Number != NoCall && (IsAgain(state.Result) || end.Call is Exit or ExitGroup or Exit32 or ExitGroup32);
    }

    private static bool IsAgain(long result) => result is RestartSys or RestartNoInterrupt or RestartNoHandler or RestartBlock;

    private static uint CallOf(Caller caller, ulong number)
    {
        uint call = (uint)number;
        if (call >= CallEnd.Compat)
        {
            return call != NoCall ? CallEnd.Unknown : caller.IsCompat ? SigReturn32 : SigReturn;
        }

        call += caller.IsCompat ? CallEnd.Compat : 0;
        if (call is RestartSyscall or RestartSyscall32)
        {
            uint* restarted = Restarting.Lookup((uint)caller.Ids);
            return restarted != null ? *restarted : call;
        }

        return call;
    }

    // The call that the current thread is in, by its registers, with what is to be its result so far.
    private static CallState GetState()
    {
        if (Core.EnumValueExists(BpfFunction.BPF_FUNC_task_pt_regs))
        {
            var registers = (PtRegs*)Helpers.TaskPtRegs(Helpers.GetCurrentTaskBtf());
            return new CallState { Number = registers->OriginalRax, Result = (long)registers->Rax };
        }

        var task = (TaskStruct*)Helpers.GetCurrentTask();
        var found = (PtRegs*)((ulong)task->stack + StackSize - (ulong)sizeof(PtRegs));
        return new CallState { Number = found->OriginalRax, Result = (long)found->Rax };
    }

    private struct CallState
    {
        public ulong Number;
        public long Result;
    }

    [KernelEnum("bpf_func_id")]
    private enum BpfFunction
    {
        BPF_FUNC_get_current_task_btf = 158,
        BPF_FUNC_task_pt_regs = 175,
    }
}

/// <summary>A thread that makes a system call.</summary>
internal struct Caller
{
    /// <summary>Its process in the upper half, itself in the lower.</summary>
    public ulong Ids;

    /// <summary>Whether its current system call is one of the 32-bit interface.</summary>
    public bool IsCompat;
}

/// <summary>A system call that has ended.</summary>
internal struct CallEnd
{
    /// <summary>Calls of the 32-bit interface begin here: their numbers mean others.</summary>
    public const uint Compat = 512;

    /// <summary>A number that neither has.</summary>
    public const uint Unknown = 2 * Compat;

    /// <summary>Calls are below this.</summary>
    public const uint Count = Unknown + 1;

    /// <summary>The call: its number, or <see cref="Compat"/> and its number, or <see cref="Unknown"/>.</summary>
    public uint Call;

    /// <summary>What it has returned; 0 if it has not.</summary>
    public long Result;

    /// <summary>Whether it has failed: the kernel's results below 0 that are no errors are further below.</summary>
    public readonly bool IsFailed => (ulong)Result >= unchecked((ulong)-4095);
}

/// <summary>View of what a process does with a signal (<c>struct k_sigaction</c>).</summary>
[KernelStruct("k_sigaction")]
internal struct SignalAction
{
    public SignalHandling sa;
}

/// <summary>View of <c>struct sigaction</c>.</summary>
[KernelStruct("sigaction")]
internal unsafe struct SignalHandling
{
    public void* sa_handler;
    public ulong sa_flags;
}
