using System.Runtime.CompilerServices;
using Fathom.Bpf;

namespace Fathom.CodeSize.Programs;

/// <summary>libbpf-tools' opensnoop: files that are opened.</summary>
[BpfObject]
internal static unsafe partial class Opensnoop
{
    private const uint InvalidUser = uint.MaxValue;
    private const int NameMax = 255;
    private const int MaxDepth = 32;
    private const int OpenCreate = 0x40;
    private const int OpenTemporary = 0x41_0000;

    [Constant]
    internal static readonly uint TargetThread;

    [Constant]
    internal static readonly uint TargetProcess;

    [Constant]
    internal static readonly uint TargetUser;

    [Constant]
    internal static readonly bool OnlyFailed;

    [Constant]
    internal static readonly bool FullPath;

    [Map(MaxEntries = 10_240)]
    internal static readonly HashMap<uint, Arguments> Starts = new();

    [Map(MaxEntries = 1)]
    internal static readonly PerCpuArray<OpenEvent> Heap = new();

    [Map(MaxEntries = 256 * 1024)]
    internal static readonly RingBuffer Events = new();

    [Map]
    internal static readonly PerfEventArray OldEvents = new();

    internal struct Arguments
    {
        public ulong FileName;
        public int Flags;
        public uint Mode;
    }

    internal struct OpenEvent
    {
        public ulong Time;
        public uint ProcessId;
        public uint User;
        public int Result;
        public int Flags;
        public uint Mode;
        public uint Filler;
        public fixed ulong Callers[2];
        public fixed byte Command[16];
        public fixed byte Paths[NameMax * MaxDepth];
        public uint Depth;
        public int Failed;
    }

    [Tracepoint("syscalls", "sys_enter_openat")]
    private static void EnteredAt(SyscallEnterContext* context)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        if (IsAllowed(process, thread))
        {
            Arguments arguments = default;
            arguments.FileName = context->Arguments[1];
            arguments.Flags = (int)context->Arguments[2];
            arguments.Mode = (uint)context->Arguments[3];
            Starts.Update(thread, arguments);
        }
    }

    [Tracepoint("syscalls", "sys_enter_openat2")]
    private static void EnteredAt2(SyscallEnterContext* context)
    {
        ulong id = Helpers.GetCurrentPidTgid();
        uint process = (uint)(id >> 32);
        uint thread = (uint)id;
        if (IsAllowed(process, thread))
        {
            Arguments arguments = default;
            OpenHow how = default;
            arguments.FileName = context->Arguments[1];
            Helpers.ProbeReadUser(&how, (uint)sizeof(OpenHow), (void*)context->Arguments[2]);
            arguments.Flags = (int)how.Flags;
            arguments.Mode = (uint)how.Mode;
            Starts.Update(thread, arguments);
        }
    }

    [Tracepoint("syscalls", "sys_exit_openat")]
    private static void ExitedAt(SyscallExitContext* context) => Exited(context);

    [Tracepoint("syscalls", "sys_exit_openat2")]
    private static void ExitedAt2(SyscallExitContext* context) => Exited(context);

    private static bool IsAllowed(uint process, uint thread)
    {
        if (TargetProcess != 0 && TargetProcess != process)
        {
            return false;
        }

        if (TargetThread != 0 && TargetThread != thread)
        {
            return false;
        }

        return TargetUser == InvalidUser || TargetUser == (uint)Helpers.GetCurrentUidGid();
    }

    private static void Exited(SyscallExitContext* context)
    {
        uint thread = (uint)Helpers.GetCurrentPidTgid();
        Arguments* arguments = Starts.Lookup(thread);
        if (arguments == null)
        {
            return;
        }

        int result = (int)context->Result;
        if (!OnlyFailed || result < 0)
        {
            Report(context, arguments, result);
        }

        Starts.Delete(thread);
    }

    [SkipLocalsInit]
    private static void Report(SyscallExitContext* context, Arguments* arguments, int result)
    {
        OpenEvent* record = Core.TypeExists<KernelRingBuffer>() ? Events.Reserve<OpenEvent>() : Heap.Lookup(0);
        if (record == null)
        {
            return;
        }

        record->ProcessId = (uint)(Helpers.GetCurrentPidTgid() >> 32);
        record->User = (uint)Helpers.GetCurrentUidGid();
        Helpers.GetCurrentComm(record->Command, 16);
        Helpers.ProbeReadUserString(record->Paths, NameMax * MaxDepth, (void*)arguments->FileName);
        record->Depth = 0;
        record->Flags = arguments->Flags;
        record->Mode = (arguments->Flags & OpenCreate) != 0 || (arguments->Flags & OpenTemporary) == OpenTemporary ? arguments->Mode : 0;
        record->Result = result;

        // The first address is usually that of the system call itself.
        ulong* stack = stackalloc ulong[3];
        Helpers.GetStack(context, stack, 3 * sizeof(ulong), StackFlags.User);
        record->Callers[0] = stack[1];
        record->Callers[1] = stack[2];

        if (FullPath && record->Paths[0] != (byte)'/')
        {
            AddWorkingDirectory(record);
        }

        if (Core.TypeExists<KernelRingBuffer>())
        {
            Events.Submit(record);
        }
        else
        {
            OldEvents.Output(context, PerfEventArray.CurrentCpu, record, (ulong)sizeof(OpenEvent));
        }
    }

    private static void AddWorkingDirectory(OpenEvent* record)
    {
        var task = (TaskWithDirectory*)Helpers.GetCurrentTask();
        DirectoryEntry* entry = task->fs->pwd.dentry;
        MountPoint* mountPoint = task->fs->pwd.mnt;
        var mount = (Mount*)((byte*)mountPoint - Core.FieldOffset(((Mount*)null)->mnt));
        DirectoryEntry* root = mountPoint->mnt_root;
        byte* part = record->Paths + NameMax;
        for (int depth = 0; depth < MaxDepth - 1; depth++)
        {
            ulong length = (ulong)Helpers.ProbeReadKernelString(part, NameMax, entry->d_name.name);
            if (length > NameMax)
            {
                break;
            }

            DirectoryEntry* parent = entry->d_parent;
            if (entry == parent || entry == root)
            {
                Mount* above = mount->mnt_parent;
                if (mount == above)
                {
                    // The real root.
                    break;
                }

                entry = mount->mnt_mountpoint;
                mount = above;
                root = mount->mnt.mnt_root;
            }
            else
            {
                entry = parent;
            }

            part += NameMax;
            record->Depth++;
        }
    }
}

/// <summary>How <c>openat2</c> opens (<c>struct open_how</c>).</summary>
internal struct OpenHow
{
    public ulong Flags;
    public ulong Mode;
    public ulong Resolve;
}

[KernelStruct("bpf_ringbuf")]
internal struct KernelRingBuffer
{
    public ulong mask;
}

[KernelStruct("task_struct___fs")]
internal unsafe struct TaskWithDirectory
{
    public FileSystemOfTask* fs;
}

[KernelStruct("fs_struct")]
internal struct FileSystemOfTask
{
    public PathInKernel pwd;
}

[KernelStruct("path")]
internal unsafe struct PathInKernel
{
    public MountPoint* mnt;
    public DirectoryEntry* dentry;
}

[KernelStruct("vfsmount")]
internal unsafe struct MountPoint
{
    public DirectoryEntry* mnt_root;
}

[KernelStruct("mount")]
internal unsafe struct Mount
{
    public Mount* mnt_parent;
    public DirectoryEntry* mnt_mountpoint;
    public MountPoint mnt;
}

[KernelStruct("dentry")]
internal unsafe struct DirectoryEntry
{
    public DirectoryEntry* d_parent;
    public NameInKernel d_name;
}

[KernelStruct("qstr")]
internal unsafe struct NameInKernel
{
    public byte* name;
}
