using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;

namespace Fathom.Runtime.Interop;

/// <summary>What a child does between its start and its program: everything it needs lies in memory that it has a copy of.</summary>
internal unsafe struct HeldPlan
{
    /// <summary>The program, its arguments and its environment, as execve(2) takes them.</summary>
    public byte* Path;
    public byte** Arguments;
    public byte** Environment;

    /// <summary>What runs the program if it has no form that the kernel knows, as a script without <c>#!</c>.</summary>
    public byte* Shell;
    public byte** ShellArguments;

    /// <summary>The signals that the program ignores; bit 0 is signal 1.</summary>
    public ulong Ignored;

    /// <summary>Where the child waits for a byte, and the other end, which it closes.</summary>
    public int Gate;
    public int GateWriter;

    /// <summary>Where the child writes errnos: 0 once it waits, and another if it cannot go on.</summary>
    public int Report;
    public int ReportReader;

    /// <summary>Whether it becomes another user.</summary>
    public bool ChangesUser;
    public uint User;
    public uint Group;
    public uint* Groups;
    public int GroupCount;

    /// <summary>How many files the program may open, if that is not what this process may.</summary>
    public bool LimitsOpenFiles;
    public ResourceLimit OpenFiles;
}

/// <summary>Starts a child that waits until it may become another program.</summary>
/// <remarks>
/// Of the threads of this process the child has only the one that started it, and whatever another one held locked stays locked there for ever: it may
/// do nothing but system calls. So it calls one function of the C library through a pointer, which needs no look-up and no change of the garbage
/// collector's mode, and neither allocates nor calls a method. <c>posix_spawn</c> does the same in C, but can neither wait, nor ignore signals, nor
/// change the user.
/// </remarks>
internal static unsafe class HeldChild
{
    /// <summary>The exit code of a child that was never let go.</summary>
    public const int NotLetGo = 125;
    private const int CannotExecute = 126;
    private const int NotFound = 127;

    private const int SignalCount = 64;
    private const int SetMask = 2;

    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/sched.h (CLONE_PIDFD, Linux 5.2), with SIGCHLD as the signal of its end.
    private const int CloneFlags = 0x1000 | 17;

    private static readonly nint s_library = NativeLibrary.TryLoad("libc.so.6", out nint library) ? library : NativeLibrary.Load("libc");
    private static readonly nint s_call = NativeLibrary.GetExport(s_library, "syscall");
    private static readonly nint s_errno = NativeLibrary.GetExport(s_library, "__errno_location");

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>Starts the child.</summary>
    /// <param name="plan">What it does.</param>
    /// <param name="descriptor">Its pidfd.</param>
    /// <returns>Its number, or the negative errno.</returns>
    public static int Start(ref HeldPlan plan, out int descriptor)
    {
        int opened = -1;
        CallNumbers numbers = IsArm ? CallNumbers.Arm64 : CallNumbers.X64;
        fixed (HeldPlan* pointer = &plan)
        {
            int result = (int)Fork(pointer, &opened, &numbers, s_call, s_errno);
            descriptor = opened;
            return result;
        }
    }

    // Optimized at once: a method that is compiled again later calls what counts its calls.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static nint Fork(HeldPlan* plan, int* descriptor, CallNumbers* number, nint function, nint errnoFunction)
    {
        var call = (delegate* unmanaged[SuppressGCTransition]<nint, nint, nint, nint, nint, nint, nint, nint>)function;
        int* errno = ((delegate* unmanaged[SuppressGCTransition]<int*>)errnoFunction)();

        // No handler of this process may run in the child: its pipes are ours too.
        ulong all = ulong.MaxValue;
        ulong before = 0;
        call(number->SignalMask, SetMask, (nint)(&all), (nint)(&before), sizeof(ulong), 0, 0);
        nint child = call(number->Clone, CloneFlags, 0, (nint)descriptor, 0, 0, 0);
        if (child != 0)
        {
            int error = *errno;
            call(number->SignalMask, SetMask, (nint)(&before), 0, sizeof(ulong), 0, 0);
            return child < 0 ? -error : child;
        }

        var action = default(SignalAction);
        for (int signal = 1; signal <= SignalCount; signal++)
        {
            action.Handler = (plan->Ignored >> (signal - 1) & 1) != 0 ? SignalAction.Ignore : SignalAction.Default;
            call(number->SignalAction, signal, (nint)(&action), 0, sizeof(ulong), 0, 0);
        }

        call(number->Close, plan->GateWriter, 0, 0, 0, 0, 0);
        call(number->Close, plan->ReportReader, 0, 0, 0, 0, 0);
        nint failed = 0;
        if (plan->ChangesUser)
        {
            failed = call(number->SetGroups, plan->GroupCount, (nint)plan->Groups, 0, 0, 0, 0);
            failed = failed != 0 ? failed : call(number->SetGroup, (nint)plan->Group, (nint)plan->Group, (nint)plan->Group, 0, 0, 0);
            failed = failed != 0 ? failed : call(number->SetUser, (nint)plan->User, (nint)plan->User, (nint)plan->User, 0, 0, 0);
        }

        if (failed == 0 && plan->LimitsOpenFiles)
        {
            failed = call(number->Limit, 0, ResourceLimit.OpenFiles, (nint)(&plan->OpenFiles), 0, 0, 0);
        }

        if (failed == 0)
        {
            call(number->SignalMask, SetMask, (nint)(&before), 0, sizeof(ulong), 0, 0);
            int ready = 0;
            call(number->Write, plan->Report, (nint)(&ready), sizeof(int), 0, 0, 0);
            byte go = 0;
            nint count;
            do
            {
                count = call(number->Read, plan->Gate, (nint)(&go), 1, 0, 0, 0);
            }
            while (count < 0 && *errno == Errno.EINTR);

            // The end of the pipe: whoever started this has given up, or is dead.
            if (count != 1)
            {
                call(number->Exit, NotLetGo, 0, 0, 0, 0, 0);
            }

            call(number->Execute, (nint)plan->Path, (nint)plan->Arguments, (nint)plan->Environment, 0, 0, 0);
            if (*errno == Errno.ENOEXEC)
            {
                call(number->Execute, (nint)plan->Shell, (nint)plan->ShellArguments, (nint)plan->Environment, 0, 0, 0);
            }
        }

        int reason = *errno;
        call(number->Write, plan->Report, (nint)(&reason), sizeof(int), 0, 0, 0);
        call(number->Exit, reason == Errno.ENOENT ? NotFound : CannotExecute, 0, 0, 0, 0, 0);
        return 0;
    }

    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
    private struct CallNumbers
    {
        public nint SignalMask, SignalAction, Clone, Close, Read, Write, SetGroups, SetGroup, SetUser, Limit, Execute, Exit;

        public static CallNumbers X64 => new()
        {
            SignalMask = 14,
            SignalAction = 13,
            Clone = 56,
            Close = 3,
            Read = 0,
            Write = 1,
            SetGroups = 116,
            SetGroup = 119,
            SetUser = 117,
            Limit = 302,
            Execute = 59,
            Exit = 231,
        };

        public static CallNumbers Arm64 => new()
        {
            SignalMask = 135,
            SignalAction = 134,
            Clone = 220,
            Close = 57,
            Read = 63,
            Write = 64,
            SetGroups = 159,
            SetGroup = 149,
            SetUser = 147,
            Limit = 261,
            Execute = 221,
            Exit = 94,
        };
    }
}
