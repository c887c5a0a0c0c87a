using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.ExecSnoop;

/// <summary>Programs that are executed.</summary>
/// <remarks>
/// What succeeds is seen once, when the new program is in place: its arguments are then in its own memory, whole and resident, whichever
/// thread and system call it was. Only what fails is seen at the end of the system call, where the caller's memory is all there is; that
/// costs time at every system call of the machine, and is left away unless it is asked for.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
internal static unsafe partial class ExecSnoopProbe
{
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl
    private const uint Execve = 59, ExecveAt = 322, Execve32 = 11, ExecveAt32 = 358, ExecveX32 = 520, ExecveAtX32 = 545;
    private const ushort Segment32 = 0x23;
    private const uint MarkX32 = 0x4000_0000;

    // Arguments of a failed call: more is cut off, and said.
    private const int MostArguments = 60;
    private const int LongestArgument = 4096;

    /// <summary>Also what failed.</summary>
    [Constant]
    public static readonly bool Fails;

    /// <summary>Records that found no room in <see cref="Events"/>.</summary>
    [Loss("lost", "executions not shown, because the buffer was full (-b gives it more room)")]
    internal static ulong Lost;

    /// <summary>Arguments that were not readable.</summary>
    [Loss("unreadable", "paths or arguments not shown, because they were not readable")]
    internal static ulong Unreadable;

    /// <summary>What has been executed.</summary>
    [Map(MaxEntries = 1024 * 1024)]
    internal static readonly RingBuffer Events = new();

    /// <summary>Where records are put together.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ExecScratch> Scratch = new();

    /// <summary>The same for what failed. One program may be interrupted by another on its CPU, but not by itself.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<ExecScratch> FailedScratch = new();

    [TracepointBtf("sched_process_exec")]
    private static void Executed(TaskStruct* task, int oldThread, BinaryProgram* program)
    {
        if (!TaskFilter.WantsCurrent())
        {
            return;
        }

        ulong start = task->mm->arg_start;
        ulong bytes = task->mm->arg_end - start;
        if (bytes <= ExecScratch.ArgumentRoom)
        {
            ExecScratch* scratch = Scratch.Lookup(0);
            if (scratch != null)
            {
                ExecRecord* record = &scratch->Record;
                uint at = Describe(record, scratch->Text, task, program);
                if (at < PathNames.Room + ExecScratch.FileRoom)
                {
                    AddArguments(record, scratch->Text + at, (uint)bytes, start);
                    uint text = at + (record->ArgumentBytes > 0 ? (uint)bytes : 0);
                    if (Events.Output(record, (ulong)sizeof(ExecRecord) + text, RingBufferFlags.NoWakeup) != 0)
                    {
                        Interlocked.Increment(ref Lost);
                    }
                }
            }
        }
        else
        {
            LongExecRecord* record = Events.Reserve<LongExecRecord>();
            if (record == null)
            {
                Interlocked.Increment(ref Lost);
                return;
            }

            uint at = Describe(&record->Record, record->Text, task, program);
            if (at < PathNames.Room + ExecScratch.FileRoom)
            {
                ulong most = bytes < LongExecRecord.ArgumentRoom ? bytes : LongExecRecord.ArgumentRoom;
                AddArguments(&record->Record, record->Text + at, (uint)most, start);
                record->Record.AllArgumentBytes = (uint)bytes;
                record->Record.HasMore = bytes > most ? (byte)1 : (byte)0;
            }

            Events.Submit(record, RingBufferFlags.NoWakeup);
        }
    }

    [TracepointBtf("sys_exit"), LoadIf(nameof(Fails))]
    private static void Failed(Registers* registers, long result)
    {
        if (result >= 0)
        {
            return;
        }

        uint number = (uint)registers->orig_ax & ~MarkX32;
        bool is32 = registers->cs == Segment32;
        bool isAt = number == (is32 ? ExecveAt32 : ExecveAt);
        bool isExec = isAt || number == (is32 ? Execve32 : Execve);
        if (!is32 && (registers->orig_ax & MarkX32) != 0)
        {
            isAt = number == ExecveAtX32;
            isExec = isAt || number == ExecveX32;
        }

        if (!isExec || !TaskFilter.WantsCurrent())
        {
            return;
        }

        ulong first = is32 ? (uint)registers->bx : registers->di;
        ulong second = is32 ? (uint)registers->cx : registers->si;
        ulong third = is32 ? (uint)registers->dx : registers->dx;
        ExecScratch* scratch = FailedScratch.Lookup(0);
        if (scratch == null)
        {
            return;
        }

        ExecRecord* record = &scratch->Record;
        DescribeTask(record, (TaskStruct*)Helpers.GetCurrentTask());
        record->Result = (int)result;
        record->PathBytes = 0;
        record->PathEnd = PathEnd.Root;
        int file = (int)Helpers.ProbeReadUserString(scratch->Text, ExecScratch.FileRoom, (void*)(isAt ? second : first));
        record->FileBytes = file;
        uint at = 0;
        if (file < 0)
        {
            Interlocked.Increment(ref Unreadable);
        }
        else
        {
            at = (uint)file;
        }

        record->AllArgumentBytes = 0;
        record->ArgumentBytes = 0;
        record->HasMore = 0;
        record->IsScript = 0;
        if (at <= ExecScratch.FileRoom)
        {
            AddArgumentsOfCaller(record, scratch->Text + at, isAt ? third : second, is32 || (registers->orig_ax & MarkX32) != 0 ? 4u : 8u);
            uint arguments = (uint)record->ArgumentBytes;
            if ((int)arguments < 0)
            {
                arguments = 0;
            }

            if (arguments <= ExecScratch.ArgumentRoom + LongestArgument && Events.Output(record, (ulong)sizeof(ExecRecord) + at + arguments, RingBufferFlags.NoWakeup) != 0)
            {
                Interlocked.Increment(ref Lost);
            }
        }
    }

    private static void DescribeTask(ExecRecord* record, TaskStruct* task)
    {
        record->TimeNs = Helpers.KtimeGetNs();
        record->Process = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        record->User = (uint)Helpers.GetCurrentUidGid();
        record->Cpu = Helpers.GetSmpProcessorId();
        record->Parent = (uint)task->real_parent->tgid;
        Helpers.GetCurrentComm(&record->Command, 16);
        Helpers.ProbeReadKernel(&record->ParentCommand, 16, task->real_parent->comm);
    }

    /// <summary>Writes everything but the arguments. Gives the bytes of text.</summary>
    private static uint Describe(ExecRecord* record, byte* text, TaskStruct* task, BinaryProgram* program)
    {
        DescribeTask(record, task);
        record->Result = 0;
        record->AllArgumentBytes = 0;
        record->HasMore = 0;
        record->IsScript = program->interp != program->filename ? (byte)1 : (byte)0;
        record->PathEnd = PathNames.Write(text, &program->file->f_path, &task->fs->root, &record->PathBytes);
        uint at = record->PathBytes;
        if (at >= PathNames.Room)
        {
            return uint.MaxValue;
        }

        int file = (int)Helpers.ProbeReadKernelString(text + at, ExecScratch.FileRoom, program->filename);
        record->FileBytes = file;
        return file > 0 ? at + (uint)file : at;
    }

    private static void AddArguments(ExecRecord* record, byte* to, uint bytes, ulong start)
    {
        record->AllArgumentBytes = bytes;
        record->ArgumentBytes = (int)bytes;
        int error = (int)Helpers.ProbeReadUser(to, bytes, (void*)start);
        if (error != 0)
        {
            Interlocked.Increment(ref Unreadable);
            record->ArgumentBytes = error;
        }
    }

    private static void AddArgumentsOfCaller(ExecRecord* record, byte* to, ulong list, uint pointerBytes)
    {
        for (int i = 0; i < MostArguments; i++)
        {
            ulong argument = 0;
            long error;
            if (pointerBytes == 4)
            {
                uint narrow = 0;
                error = Helpers.ProbeReadUser(&narrow, 4, (void*)(list + ((ulong)i * 4)));
                argument = narrow;
            }
            else
            {
                error = Helpers.ProbeReadUser(&argument, 8, (void*)(list + ((ulong)i * 8)));
            }

            if (error != 0 && list != 0)
            {
                EndUnreadable(record, i, (int)error);
                return;
            }

            if (argument == 0)
            {
                return;
            }

            // Counted in memory, so that the verifier need not follow each number of bytes.
            uint at = (uint)record->ArgumentBytes;
            if (at >= ExecScratch.ArgumentRoom)
            {
                record->HasMore = 1;
                return;
            }

            int bytes = (int)Helpers.ProbeReadUserString(to + at, LongestArgument, (void*)argument);
            if (bytes < 0)
            {
                // The kernel failed before it needed this one, so that it may not be in memory.
                EndUnreadable(record, i, bytes);
                return;
            }

            record->ArgumentBytes = (int)(at + (uint)bytes);
            if (bytes == LongestArgument)
            {
                record->HasMore = 1;
                return;
            }
        }

        record->HasMore = 1;
    }

    /// <summary>An argument is not readable: those before it are kept.</summary>
    private static void EndUnreadable(ExecRecord* record, int read, int error)
    {
        Interlocked.Increment(ref Unreadable);
        if (read == 0)
        {
            record->ArgumentBytes = error;
        }
        else
        {
            record->HasMore = 1;
        }
    }

    /// <summary>What is being executed (<c>struct linux_binprm</c>).</summary>
    [KernelStruct("linux_binprm")]
    internal struct BinaryProgram
    {
        public KernelFile* file;
        public byte* filename;
        public byte* interp;
    }

    /// <summary>Registers of the caller (<c>struct pt_regs</c>).</summary>
    [KernelStruct("pt_regs")]
    internal struct Registers
    {
        public ulong dx;
        public ulong cx;
        public ulong bx;
        public ulong si;
        public ulong di;
        public ulong orig_ax;
        public ushort cs;
    }
}
