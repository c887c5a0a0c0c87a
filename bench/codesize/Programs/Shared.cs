using System.Runtime.CompilerServices;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.CodeSize.Programs;

/// <summary>What several of the tools share.</summary>
internal static unsafe class Shared
{
    private const long AlreadyThere = -17;

    /// <summary>The value of a key; one that is not there is made first.</summary>
    public static TValue* LookupOrTryInit<TKey, TValue>(HashMap<TKey, TValue> map, in TKey key, in TValue initial)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        TValue* value = map.Lookup(key);
        if (value != null)
        {
            return value;
        }

        long error = map.Update(key, initial, UpdateMode.MustBeNew);
        if (error != 0 && error != AlreadyThere)
        {
            return null;
        }

        return map.Lookup(key);
    }

    /// <summary>The disk of a request.</summary>
    public static GenDisk* DiskOf(Request* request) =>
        Core.FieldExists(((RequestOld*)request)->rq_disk) ? ((RequestOld*)request)->rq_disk : request->q->disk;

    /// <summary>The number of the disk of a request, 0 where it has none.</summary>
    public static uint DeviceOf(Request* request)
    {
        GenDisk* disk = DiskOf(request);
        return disk != null ? ((uint)disk->major << 20) | (uint)disk->first_minor : 0;
    }

    /// <summary>The state of a task, whose field has two names.</summary>
    public static long StateOf(TaskStruct* task) =>
        Core.FieldExists(task->__state) ? task->__state : ((TaskStructOld*)task)->state;

    /// <summary>Whether a name begins with another, which ends at its NUL.</summary>
    public static bool CommandAllowed(byte* command, in CommandName wanted)
    {
        for (int i = 0; i < CommandName.Length && wanted[i] != 0; i++)
        {
            if (command[i] != wanted[i])
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The name of a command.</summary>
[InlineArray(Length)]
internal struct CommandName
{
    public const int Length = 16;

    private byte _first;
}

/// <summary>An address of IPv4 or IPv6: 128 bits.</summary>
internal struct InternetAddress
{
    public ulong Low;
    public ulong High;
}

/// <summary>View of the queue of a disk.</summary>
[KernelStruct("request_queue___elevator")]
internal unsafe struct RequestQueueWithElevator
{
    public void* elevator;
}

/// <summary>Record of the tracepoint <c>sock:inet_sock_set_state</c>.</summary>
[KernelStruct("trace_event_raw_inet_sock_set_state")]
internal unsafe struct InetSockSetState
{
    public void* skaddr;
    public int oldstate;
    public int newstate;
    public ushort sport;
    public ushort dport;
    public ushort family;
    public ushort protocol;
    public fixed byte saddr[4];
    public fixed byte daddr[4];
    public fixed byte saddr_v6[16];
    public fixed byte daddr_v6[16];
}
