using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Kernel;

namespace Fathom.Tools.OpenSnoop;

/// <summary>Files that are opened.</summary>
/// <remarks>
/// A call is seen when it returns: its arguments are still in the registers that the kernel saved, and the path, which the kernel has just
/// read, is in memory. So nothing is kept from the entry to the return, and nothing can be lost between. The price is that the program looks
/// at the number of every system call. The tracepoints of the single calls would spare little: the kernel takes its slow way through every
/// system call as soon as one of them is traced, and they take tens of milliseconds to detach.
/// </remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
internal static unsafe partial class OpenSnoopProbe
{
    // x86-64: https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl
    private const uint Open = 2, Creat = 85, OpenAt = 257, OpenByHandleAt = 304, OpenAt2 = 437;

    // 32-bit programs: https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_32.tbl
    private const uint Open32 = 5, Creat32 = 8, OpenAt32 = 295, OpenByHandleAt32 = 342;

    // The code segment of 32-bit programs (__USER32_CS) and the mark of the x32 interface (__X32_SYSCALL_BIT).
    private const ushort Segment32 = 0x23;
    private const uint MarkX32 = 0x4000_0000;

    // O_CREAT | O_WRONLY | O_TRUNC, which is what creat means.
    private const ulong CreatFlags = 0x241;

    // RESOLVE_IN_ROOT of openat2: the directory is the root, also for a path that begins with a slash.
    private const ulong ResolveInRoot = 0x10;

    // What the buffer adds to a record: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/ringbuf.c (BPF_RINGBUF_HDR_SZ), and up to 7 to round up.
    private const ulong RecordHeader = 8 + 7;

    // S_IFMT, S_IFDIR
    private const ushort TypeOfFile = 0xf000, IsDirectory = 0x4000;

    // IORING_OP_OPENAT, IORING_OP_OPENAT2.
    private const byte RingOpenAt = 18, RingOpenAt2 = 28;

    // REQ_F_CQE_SKIP, which is IOSQE_CQE_SKIP_SUCCESS_BIT. A failure takes it away, and completes as any other:
    // https://github.com/torvalds/linux/blob/v6.18/io_uring/io_uring.h (req_set_fail)
    private const uint SkipsSuccess = 1 << 6;

    /// <summary>Only what failed.</summary>
    [Constant]
    public static readonly bool OnlyFailed;

    /// <summary>Relative paths with the directory that they are relative to.</summary>
    [Constant]
    public static readonly bool FullPath;

    /// <summary>Only calls with one of these flags; 0 for all.</summary>
    [Constant]
    public static readonly ulong AnyFlag;

    /// <summary>
    /// The reader is woken when the buffer's position passes a multiple of a power of two, of which these are the higher bits; 0 for never.
    /// </summary>
    [Constant]
    public static readonly ulong WakeBits;

    /// <summary>The kernel shows what is submitted to io_uring.</summary>
    [Constant, HasTracepoint("io_uring_submit_req", Arguments = 1)]
    public static readonly bool HasSubmit;

    /// <summary>The same before Linux 6.4.</summary>
    [Constant, HasTracepoint("io_uring_submit_sqe", Arguments = 2)]
    public static readonly bool HasSubmitOld;

    /// <summary>It shows what completes, in a structure (Linux 6.14).</summary>
    [Constant, HasTracepoint("io_uring_complete", Arguments = 3)]
    public static readonly bool CompletionIsPointer;

    /// <summary>The same, each part as an argument.</summary>
    [Constant, HasTracepoint("io_uring_complete", Arguments = 7)]
    public static readonly bool CompletionIsArguments;

    /// <summary>Records that found no room in <see cref="Events"/>.</summary>
    [Loss("lost", "opens not shown, because the buffer was full (-b gives it more room)")]
    internal static ulong Lost;

    /// <summary>Paths that were not readable.</summary>
    [Loss("unreadable", "opens shown without their path, because it was not readable")]
    internal static ulong Unreadable;

    /// <summary>Calls that have returned, and requests.</summary>
    [Map(MaxEntries = 4 * 1024 * 1024)]
    internal static readonly RingBuffer Events = new();

    /// <summary>Where records are put together.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<OpenScratch> Scratch = new();

    /// <summary>The same for requests of io_uring. One program may be interrupted by another on its CPU, but not by itself.</summary>
    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<OpenScratch> RequestScratch = new();

    /// <summary>Requests of io_uring that count and have not completed, or succeeded without a completion.</summary>
    [Map(MaxEntries = 16_384)]
    internal static readonly LruHashMap<ulong, uint> Requests = new();

    /// <summary>Whether both ends of a request of io_uring are seen.</summary>
    private static bool SeesRings => (HasSubmit || HasSubmitOld) && (CompletionIsPointer || CompletionIsArguments);

    private static bool SeesSubmit => SeesRings && HasSubmit;

    private static bool SeesSubmitOld => SeesRings && !HasSubmit;

    [TracepointBtf("sys_exit")]
    private static void Returned(Registers* registers, long result)
    {
        uint number = (uint)registers->orig_ax & ~MarkX32;
        bool is32 = registers->cs == Segment32;
        OpenCall call = is32 ? Call32(number) : Call64(number);
        if (call == OpenCall.None || (OnlyFailed && result >= 0) || !TaskFilter.WantsCurrent())
        {
            return;
        }

        // 32-bit programs pass their arguments in other registers.
        ulong first = is32 ? (uint)registers->bx : registers->di;
        ulong second = is32 ? (uint)registers->cx : registers->si;
        ulong third = is32 ? (uint)registers->dx : registers->dx;
        ulong fourth = is32 ? (uint)registers->si : registers->r10;
        bool hasDirectory = call is OpenCall.OpenAt or OpenCall.OpenAt2 or OpenCall.ByHandle;
        int directory = hasDirectory ? (int)first : OpenRecord.CurrentDirectory;
        ulong path = hasDirectory ? second : first;
        ulong flags, mode, resolve = 0;
        switch (call)
        {
            case OpenCall.Open:
                flags = (uint)second;
                mode = third;
                break;
            case OpenCall.Create:
                flags = CreatFlags;
                mode = second;
                break;
            case OpenCall.OpenAt2:
                OpenHow how = default;
                Helpers.ProbeReadUser(&how, OpenHow.Size, (void*)third);
                flags = how.Flags;
                mode = how.Mode;
                resolve = how.Resolve;
                break;
            default:
                flags = (uint)third;
                mode = fourth;
                break;
        }

        if (AnyFlag != 0 && (flags & AnyFlag) == 0)
        {
            return;
        }

        OpenScratch* scratch = Scratch.Lookup(0);
        if (scratch == null)
        {
            return;
        }

        Begin(&scratch->Record, OpenRecordKind.Call, call, flags, mode);

        scratch->Record.Result = (int)result;
        if (call == OpenCall.ByHandle)
        {
            EndByHandle(scratch, (int)result);
        }
        else
        {
            scratch->Record.DirectoryDescriptor = directory;
            End(scratch, (void*)path, (resolve & ResolveInRoot) != 0);
        }
    }

    /// <summary>A request of io_uring has been read, and its path with it; the path is gone when it completes.</summary>
    [TracepointBtf("io_uring_submit_req"), LoadIf(nameof(SeesSubmit))]
    private static void Submitted(IoRequest* request) => Submit(request);

    /// <summary>The same before Linux 6.4.</summary>
    [TracepointBtf("io_uring_submit_sqe"), LoadIf(nameof(SeesSubmitOld))]
    private static void SubmittedOld(IoRequest* request) => Submit(request);

    [TracepointBtf("io_uring_complete"), LoadIf(nameof(SeesRings))]
    private static void Completed(void* ring, IoRequest* request, void* completion, int result)
    {
        // Its type is not known to every kernel, and it is read as any memory.
        byte operation = ((IoRequest*)(ulong)request)->opcode;
        if (operation is not (RingOpenAt or RingOpenAt2) || Requests.Lookup((ulong)request) == null)
        {
            return;
        }

        Requests.Delete((ulong)request);
        OpenRecord record = default;
        record.TimeNs = Helpers.KtimeGetNs();
        record.Request = (ulong)request;
        record.Kind = OpenRecordKind.Completed;
        record.Result = CompletionIsPointer ? ((IoCompletion*)completion)->res : result;
        Send(&record, (ulong)sizeof(OpenRecord));
    }

    private static void Submit(IoRequest* request)
    {
        byte operation = request->opcode;
        if (operation is not (RingOpenAt or RingOpenAt2))
        {
            return;
        }

        // One that succeeded without a word has left its address.
        Requests.Delete((ulong)request);
        if (!TaskFilter.WantsCurrent())
        {
            return;
        }

        // What an operation needs lies in the request itself, whose type does not say so.
        var open = (IoOpen*)(ulong)request;
        ulong flags = open->how.Value;
        if (AnyFlag != 0 && (flags & AnyFlag) == 0)
        {
            return;
        }

        OpenScratch* scratch = RequestScratch.Lookup(0);
        if (scratch != null)
        {
            bool isSilent = (((IoRequest*)(ulong)request)->flags & SkipsSuccess) != 0;
            Begin(&scratch->Record, isSilent ? OpenRecordKind.Silent : OpenRecordKind.Submitted, OpenCall.IoUring, flags, open->how.Mode);
            scratch->Record.Marks = Core.FieldExists(open->file_slot) && open->file_slot != 0 ? OpenMarks.Direct : (byte)0;
            scratch->Record.Request = (ulong)request;
            scratch->Record.DirectoryDescriptor = open->dfd;
            AddDirectory(scratch, *NameOf(open), (open->how.Resolve & ResolveInRoot) != 0);

            uint at = scratch->Record.DirectoryBytes;
            if (at < PathNames.Room && Finish(scratch, (int)Helpers.ProbeReadKernelString(scratch->Text + at, OpenScratch.PathRoom, NameOf(open))))
            {
                Requests.Update((ulong)request, 1u);
            }
        }
    }

    /// <summary>The path of a request, which the kernel has copied when it read the request.</summary>
    private static byte* NameOf(IoOpen* open) => Core.TypeExists<DelayedFileName>()
        ? ((IoOpenDelayed*)open)->filename.__incomplete_filename->name
        : open->filename->name;

    private static OpenCall Call64(uint number) => number switch
    {
        OpenAt => OpenCall.OpenAt,
        Open => OpenCall.Open,
        OpenAt2 => OpenCall.OpenAt2,
        Creat => OpenCall.Create,
        OpenByHandleAt => OpenCall.ByHandle,
        _ => OpenCall.None,
    };

    private static OpenCall Call32(uint number) => number switch
    {
        OpenAt32 => OpenCall.OpenAt,
        Open32 => OpenCall.Open,
        OpenAt2 => OpenCall.OpenAt2,
        Creat32 => OpenCall.Create,
        OpenByHandleAt32 => OpenCall.ByHandle,
        _ => OpenCall.None,
    };

    private static void Begin(OpenRecord* record, OpenRecordKind kind, OpenCall call, ulong flags, ulong mode)
    {
        ulong ids = Helpers.GetCurrentPidTgid();
        record->TimeNs = Helpers.KtimeGetNs();
        record->Request = 0;
        record->Flags = flags;
        record->Process = (uint)(ids >> 32);
        record->Thread = (uint)ids;
        record->User = (uint)Helpers.GetCurrentUidGid();
        record->Mode = (ushort)mode;
        record->Result = 0;
        record->Kind = kind;
        record->Call = call;
        record->DirectoryBytes = 0;
        record->Directory = OpenDirectory.None;
        record->DirectoryDescriptor = OpenRecord.CurrentDirectory;
        record->Marks = 0;
        Helpers.GetCurrentComm(&record->Command, 16);
    }

    private static void End(OpenScratch* scratch, void* path, bool isInRoot)
    {
        if (FullPath)
        {
            byte first = 0;
            Helpers.ProbeReadUser(&first, 1, path);
            AddDirectory(scratch, first, isInRoot);
        }

        uint at = scratch->Record.DirectoryBytes;
        if (at < PathNames.Room)
        {
            int bytes = (int)Helpers.ProbeReadUserString(scratch->Text + at, OpenScratch.PathRoom, path);
            if (bytes == OpenScratch.PathRoom)
            {
                // As long as a path may be, or longer: then the kernel has refused it, and what was read is only its beginning.
                byte last = 0;
                Helpers.ProbeReadUser(&last, 1, (byte*)path + OpenScratch.PathRoom - 1);
                scratch->Record.Marks = last != 0 ? OpenMarks.Cut : (byte)0;
            }

            Finish(scratch, bytes);
        }
    }

    /// <summary>There is no path: where the call succeeded, that of the file that it opened is known.</summary>
    private static void EndByHandle(OpenScratch* scratch, int descriptor)
    {
        if (descriptor >= 0)
        {
            KernelFile* file = FileOf(descriptor);
            if (file != null)
            {
                AddNames(scratch, &file->f_path);
            }
        }

        Finish(scratch, 0);
    }

    /// <summary>Writes the names of the directory that a path is relative to, if it is, and that was asked for.</summary>
    /// <param name="scratch">The record, which has the directory's descriptor.</param>
    /// <param name="first">The first byte of the path; 0 if it has none: an empty path leads nowhere.</param>
    /// <param name="isInRoot">Whether a path that begins with a slash is relative too.</param>
    private static void AddDirectory(OpenScratch* scratch, byte first, bool isInRoot)
    {
        if (!FullPath || first == 0 || (first == (byte)'/' && !isInRoot))
        {
            return;
        }

        var task = (TaskStruct*)Helpers.GetCurrentTask();
        KernelPath* place = &task->fs->pwd;
        int directory = scratch->Record.DirectoryDescriptor;
        if (directory != OpenRecord.CurrentDirectory)
        {
            KernelFile* file = FileOf(directory);
            if (file == null || (file->f_inode->i_mode & TypeOfFile) != IsDirectory)
            {
                scratch->Record.Directory = OpenDirectory.Unsuitable;
                return;
            }

            place = &file->f_path;
        }

        AddNames(scratch, place);
    }

    private static void AddNames(OpenScratch* scratch, KernelPath* place)
    {
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        PathEnd end = PathNames.Write(scratch->Text, place, &task->fs->root, &scratch->Record.DirectoryBytes);
        scratch->Record.Directory = end == PathEnd.Root ? OpenDirectory.Whole : OpenDirectory.Partial;
    }

    private static KernelFile* FileOf(int descriptor)
    {
        var task = (TaskStruct*)Helpers.GetCurrentTask();
        FdTable* table = task->files->fdt;
        return (uint)descriptor < table->max_fds ? table->fd[descriptor] : null;
    }

    /// <summary>Sends the record. False if it is lost.</summary>
    private static bool Finish(OpenScratch* scratch, int bytes)
    {
        scratch->Record.PathBytes = bytes;
        if (bytes < 0)
        {
            Interlocked.Increment(ref Unreadable);
            bytes = 0;
        }

        uint text = scratch->Record.DirectoryBytes + (uint)bytes;
        return text <= OpenScratch.TextRoom && Send(&scratch->Record, (ulong)sizeof(OpenRecord) + text);
    }

    private static bool Send(OpenRecord* record, ulong bytes)
    {
        var flags = RingBufferFlags.NoWakeup;
        if (WakeBits != 0)
        {
            // Another CPU may be faster and take this place: then the reader sleeps on to the next one.
            ulong at = Events.Query(RingBufferQuery.ProducerPosition);
            if (((at ^ (at + RecordHeader + bytes)) & WakeBits) != 0)
            {
                flags = RingBufferFlags.ForceWakeup;
            }
        }

        if (Events.Output(record, bytes, flags) != 0)
        {
            Interlocked.Increment(ref Lost);
            return false;
        }

        return true;
    }

    /// <summary>How <c>openat2</c> opens (<c>struct open_how</c>).</summary>
    internal struct OpenHow
    {
        public const uint Size = 24;
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    /// <summary>Registers of the caller, with the code segment in its 16 bits (<c>struct pt_regs</c>).</summary>
    [KernelStruct("pt_regs")]
    internal struct Registers
    {
        public ulong r10;
        public ulong dx;
        public ulong cx;
        public ulong bx;
        public ulong si;
        public ulong di;
        public ulong orig_ax;
        public ushort cs;
    }

    [KernelStruct("io_kiocb")]
    internal struct IoRequest
    {
        public byte opcode;
        public uint flags;
    }

    [KernelStruct("io_uring_cqe")]
    internal struct IoCompletion
    {
        public int res;
    }

    [KernelStruct("io_open")]
    internal unsafe struct IoOpen
    {
        public int dfd;
        public uint file_slot;
        public FileName* filename;
        public Flags how;
    }

    /// <summary>The same since Linux 7.3.</summary>
    [KernelStruct("io_open___delayed")]
    internal struct IoOpenDelayed
    {
        public DelayedFileName filename;
    }

    [KernelStruct("delayed_filename")]
    internal unsafe struct DelayedFileName
    {
        public FileName* __incomplete_filename;
    }

    [KernelStruct("open_how")]
    internal struct Flags
    {
        [KernelField("flags")]
        public ulong Value;

        [KernelField("mode")]
        public ulong Mode;

        [KernelField("resolve")]
        public ulong Resolve;
    }

    [KernelStruct("filename")]
    internal unsafe struct FileName
    {
        public byte* name;
    }
}
