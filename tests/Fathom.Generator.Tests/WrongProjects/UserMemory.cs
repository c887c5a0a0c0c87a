using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Kept
{
    [UserPointer] public ulong Path;
    public ulong Size;
}

[BpfObject(License = "GPL")]
internal static unsafe partial class Probe
{
    [Map(MaxEntries = 8)] private static readonly HashMap<ulong, Kept> Open = new();
    private static ulong s_absolute;

    [Tracepoint("syscalls", "sys_enter_openat")]
    private static void Enters(SyscallEnterContext* context)
    {
        var path = (byte*)context->Arguments[1];
        s_absolute += *path == '/' ? 1ul : 0;
//                    ^^^^^ FTH0027
        s_absolute += ((byte*)context->Arguments[1])[1];
//                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0027
        Kept kept = new Kept { Path = context->Arguments[1], Size = 1 };
        Open.Update(Helpers.GetCurrentPidTgid(), kept);
    }

    [Tracepoint("syscalls", "sys_exit_openat")]
    private static void Exits(SyscallExitContext* context)
    {
        Kept* kept = Open.Lookup(Helpers.GetCurrentPidTgid());
        if (kept != null)
        {
            s_absolute += *(byte*)kept->Path;
//                        ^^^^^^^^^^^^^^^^^^ FTH0027
        }
    }

    [TracepointBtf("sys_enter")]
    private static void Raw(PtRegs* registers, long number) => s_absolute += *(ulong*)registers->Rsi;
//                                                                           ^^^^^^^^^^^^^^^^^^^^^^^ FTH0027

    [TracepointBtf("sched_process_exit")]
    private static void Exit(TaskStruct* task) => s_absolute += *(byte*)(task->mm->arg_start + 1);
//                                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ FTH0027

    [Kprobe("do_sys_openat2")]
    private static void Opens(int folder, [UserPointer] byte* path) => s_absolute += path[0];
//                                                                                   ^^^^^^^ FTH0027

    [Uprobe("libc.so.6:puts")]
    private static void Puts(PtRegs* registers) => s_absolute += *(byte*)registers->Rdi;
}
