using System;
using System.Collections.Generic;
using System.Text;
using Fathom.Format.Linux;

namespace Fathom.Interpreter;

/// <summary>A helper that the host gives.</summary>
/// <param name="machine">The machine that calls it.</param>
/// <param name="r1">First argument.</param>
/// <param name="r2">Second argument.</param>
/// <param name="r3">Third argument.</param>
/// <param name="r4">Fourth argument.</param>
/// <param name="r5">Fifth argument.</param>
/// <returns>What R0 becomes.</returns>
public delegate ulong HelperFunction(Machine machine, ulong r1, ulong r2, ulong r3, ulong r4, ulong r5);

// Which helper a number calls. Results and order of checks are the kernel's.
public sealed partial class Machine
{
    /// <summary>Tail calls that may follow each other: https://github.com/torvalds/linux/blob/v6.18/include/linux/bpf.h (MAX_TAIL_CALL_CNT).</summary>
    private const int MaxTailCalls = 33;

    private Dictionary<int, HelperFunction>? _helpers;

    /// <summary>Gives the machine a helper that it does not have, or another in place of one that it has.</summary>
    /// <param name="number">The helper's number.</param>
    /// <param name="helper">What it does; null takes the host's away.</param>
    public void SetHelper(int number, HelperFunction? helper)
    {
        _helpers ??= [];
        if (helper is null)
        {
            _helpers.Remove(number);
        }
        else
        {
            _helpers[number] = helper;
        }
    }

    /// <summary>Memory at a guest address, for helpers of the host.</summary>
    /// <param name="address">The guest address.</param>
    /// <param name="size">How many bytes.</param>
    /// <param name="write">True to have what programs may write.</param>
    /// <exception cref="MemoryFaultException">The bytes are not all there, or read-only.</exception>
    public Span<byte> GetMemory(ulong address, int size, bool write = false) => Access(address, (ulong)size, write, "the host's access");

    private ulong CallHelper(int number, ulong r1, ulong r2, ulong r3, ulong r4, ulong r5)
    {
        if (_helpers is not null && _helpers.TryGetValue(number, out HelperFunction? helper))
        {
            return helper(this, r1, r2, r3, r4, r5);
        }

        switch ((HelperId)number)
        {
            case HelperId.MapLookupElem:
                return MapOf(r1) is var map ? map.Lookup(KeyOf(map, r2)) : 0;
            case HelperId.MapUpdateElem:
                return Update(MapOf(r1), r2, r3, r4);
            case HelperId.MapDeleteElem:
                map = MapOf(r1);
                return (ulong)map.Delete(KeyOf(map, r2));
            case HelperId.ProbeRead:
            case HelperId.ProbeReadUser:
            case HelperId.ProbeReadKernel:
            case HelperId.CopyFromUser:
                return ProbeRead(r1, r2, r3);
            case HelperId.ProbeReadStr:
            case HelperId.ProbeReadUserStr:
            case HelperId.ProbeReadKernelStr:
                return ProbeReadString(r1, r2, r3);
            case HelperId.KtimeGetNs:
            case HelperId.KtimeGetCoarseNs:
                return State.TimeNs;
            case HelperId.KtimeGetBootNs:
                return State.BootTimeNs;
            case HelperId.KtimeGetTaiNs:
                return State.TaiTimeNs;
            case HelperId.Jiffies64:
                return State.Jiffies;
            case HelperId.TracePrintk:
                return TracePrintk(r1, r2, r3, r4, r5);
            case HelperId.Snprintf:
                return Snprintf(r1, r2, r3, r4, r5);
            case HelperId.Strncmp:
                return CompareText(r1, r2, r3);
            case HelperId.GetPrandomU32:
                return State.NextRandom();
            case HelperId.GetSmpProcessorId:
                return (uint)State.Cpu;
            case HelperId.GetNumaNodeId:
                return (uint)State.NumaNode;
            case HelperId.TailCall:
                return TailCall(r2, r3);
            case HelperId.GetCurrentPidTgid:
                return ((ulong)State.ProcessId << 32) | State.ThreadId;
            case HelperId.GetCurrentUidGid:
                return ((ulong)State.GroupId << 32) | State.UserId;
            case HelperId.GetCurrentComm:
                return GetComm(r1, r2);
            case HelperId.GetNsCurrentPidTgid:
                return GetNamespaceIds(r3, r4);
            case HelperId.GetCurrentTask:
            case HelperId.GetCurrentTaskBtf:
                return State.CurrentTask;
            case HelperId.GetCurrentCgroupId:
                return State.CgroupId;
            case HelperId.GetCurrentAncestorCgroupId:
                return State.AncestorCgroupIds.TryGetValue((int)r1, out ulong id) ? id : 0;
            case HelperId.SendSignal:
            case HelperId.SendSignalThread:
                State.Signals.Add((int)r1);
                return 0;
            case HelperId.GetAttachCookie:
                return State.AttachCookie;
            case HelperId.GetFuncIp:
                return State.FunctionAddress;
            case HelperId.GetFuncArg:
                return FunctionWord(r1, (uint)r2 < (uint)State.FunctionArgumentCount ? (int)r2 : -1, r3, Errno.EINVAL);
            case HelperId.GetFuncRet:
                return FunctionWord(r1, State.FunctionArgumentCount, r2, Errno.EOPNOTSUPP);
            case HelperId.GetFuncArgCnt:
                return (ulong)State.FunctionArgumentCount;
            case HelperId.SeqWrite:
                State.Sequence.Add(Argument(r2, (uint)r3).ToArray());
                return 0;
            case HelperId.PerfEventOutput:
                return PerfEventOutput(r2, r3, r4, r5);
            case HelperId.RingbufOutput:
                return RingBufferOutput(r1, r2, r3, r4);
            case HelperId.RingbufReserve:
                return r3 == 0 && RingBufferOf(r1).Reserve(r2, Fill) is { } record ? record.Start : 0;
            case HelperId.RingbufSubmit:
            case HelperId.RingbufDiscard:
                return Commit(r1, discard: number == 133);
            case HelperId.RingbufQuery:
                return RingBufferOf(r1).Query(r2);
            case HelperId.ForEachMapElem:
                return ForEach(r1, r2, r3, r4);
            case HelperId.Loop:
                return Loop((uint)r1, r2, r3, r4);
            case HelperId.MapLookupPercpuElem:
                map = MapOf(r1);
                return (uint)r3 < (uint)map.ValuesPerEntry ? map.Lookup(KeyOf(map, r2), (int)r3) : 0;
            default:
                throw new UnknownHelperException(Here, number, HelperNames.NameOf(number));
        }
    }

    private Span<byte> Access(ulong address, ulong size, bool write, string what) =>
        size <= AddressSpace.MaxLength && _memory.TryGet(address, (int)size, write, out Span<byte> bytes)
            ? bytes
            : throw Fault(Here, address, (long)size, write, what);

    private Span<byte> Argument(ulong address, ulong size, bool write = false) =>
        Access(address, size, write, write ? "write by the helper" : "read by the helper");

    private InterpretedMap MapOf(ulong address) =>
        _memory.Find(address) is { Owner: { } owner } region && region.Start == address && ReferenceEquals(owner.Handle, region)
            ? owner is UnsupportedMap
                ? throw new BadProgramException(Here, $"the map {owner.Name} is of type {owner.Definition.Type}, which the interpreter does not have")
                : owner
            : throw new BadProgramException(Here, $"0x{address:x} is not a map");

    private ReadOnlySpan<byte> KeyOf(InterpretedMap map, ulong address) => map.KeySize > 0
        ? Argument(address, (ulong)map.KeySize)
        : throw new BadProgramException(Here, $"the map {map.Name} has no keys");

    private ulong Update(InterpretedMap map, ulong key, ulong value, ulong flags)
    {
        ReadOnlySpan<byte> keyBytes = KeyOf(map, key);
        return (ulong)(map.Definition.IsReadOnlyData ? -Errno.EPERM : map.Update(keyBytes, Argument(value, (ulong)map.ValueSize), flags));
    }

    /// <summary>What cannot be read gives -EFAULT, and zeros: https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (bpf_probe_read_kernel_common).</summary>
    private ulong ProbeRead(ulong destination, ulong size, ulong source)
    {
        Span<byte> to = Argument(destination, (uint)size, write: true);
        if (_memory.TryGet(source, to.Length, write: false, out Span<byte> from))
        {
            from.CopyTo(to);
            return 0;
        }

        to.Clear();
        return Negative(Errno.EFAULT);
    }

    /// <summary>Gives the length with the final zero; what is behind that stays: https://github.com/torvalds/linux/blob/v6.18/mm/maccess.c (strncpy_from_kernel_nofault).</summary>
    private ulong ProbeReadString(ulong destination, ulong size, ulong source)
    {
        Span<byte> to = Argument(destination, (uint)size, write: true);
        for (int i = 0; i < to.Length; i++)
        {
            if (!_memory.TryGet(source + (ulong)i, 1, write: false, out Span<byte> from))
            {
                to.Clear();
                return Negative(Errno.EFAULT);
            }

            to[i] = from[0];
            if (from[0] == 0)
            {
                return (ulong)i + 1;
            }
        }

        if (to.Length > 0)
        {
            to[to.Length - 1] = 0;
        }

        return (ulong)to.Length;
    }

    private ulong GetComm(ulong destination, ulong size)
    {
        Span<byte> to = Argument(destination, (uint)size, write: true);
        byte[] comm = Encoding.UTF8.GetBytes(State.Comm);
        if (to.Length > 0)
        {
            // The kernel's field has 16 bytes, a zero the last of them. What is behind that zero stays as it was, as from Linux 5.18 to 6.3.
            int length = Math.Min(comm.Length, Math.Min(15, to.Length - 1));
            comm.AsSpan(0, length).CopyTo(to);
            to[length] = 0;
        }

        return 0;
    }

    /// <summary>https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (get_func_arg, get_func_ret).</summary>
    private ulong FunctionWord(ulong context, int index, ulong destination, int error)
    {
        Span<byte> to = Argument(destination, sizeof(ulong), write: true);
        if (context != _context.Start)
        {
            throw new BadProgramException(Here, $"0x{context:x} is not the program's context");
        }

        if (index < 0 || (index + 1) * sizeof(ulong) > _context.Span.Length)
        {
            return Negative(error);
        }

        _context.Span.Slice(index * sizeof(ulong), sizeof(ulong)).CopyTo(to);
        return 0;
    }

    private ulong GetNamespaceIds(ulong destination, ulong size)
    {
        Span<byte> to = Argument(destination, (uint)size, write: true);
        to.Clear();
        if (to.Length != 8)
        {
            return Negative(Errno.EINVAL);
        }

        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(to, State.ThreadId);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(to.Slice(4), State.ProcessId);
        return 0;
    }

    private ulong CompareText(ulong text, ulong size, ulong literal)
    {
        for (uint i = 0; i < (uint)size; i++)
        {
            byte a = Argument(text + i, 1)[0];
            byte b = Argument(literal + i, 1)[0];
            if (a != b)
            {
                return a < b ? ulong.MaxValue : 1;
            }

            if (a == 0)
            {
                break;
            }
        }

        return 0;
    }

    private ulong TailCall(ulong map, ulong index)
    {
        if (MapOf(map) is not ProgramArrayMap programs)
        {
            throw new BadProgramException(Here, $"0x{map:x} is not an array of programs");
        }

        if (programs.Find((uint)index) is { } next && _tailCalls < MaxTailCalls)
        {
            _tailCalls++;
            _tailCall = next;
        }

        return Unset;
    }

    /// <summary>As if each CPU's buffer were at its index: https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (__bpf_perf_event_output).</summary>
    private ulong PerfEventOutput(ulong map, ulong flags, ulong data, ulong size)
    {
        const ulong currentCpu = uint.MaxValue;
        if (MapOf(map) is not PerfEventArrayMap buffers)
        {
            throw new BadProgramException(Here, $"0x{map:x} is not an array of perf buffers");
        }

        ReadOnlySpan<byte> record = Argument(data, size);
        if (flags > currentCpu)
        {
            return Negative(Errno.EINVAL);
        }

        ulong index = flags == currentCpu ? (ulong)State.Cpu : flags;
        if (index >= (ulong)buffers.MaxEntries)
        {
            return Negative(Errno.E2BIG);
        }

        if (index != (ulong)State.Cpu)
        {
            return Negative(Errno.EOPNOTSUPP);
        }

        buffers.Write(record);
        return 0;
    }

    private RingBufferMap RingBufferOf(ulong map) =>
        MapOf(map) as RingBufferMap ?? throw new BadProgramException(Here, $"0x{map:x} is not a ring buffer");

    private ulong RingBufferOutput(ulong map, ulong data, ulong size, ulong flags)
    {
        const ulong wakeUps = 3;
        RingBufferMap ring = RingBufferOf(map);
        ReadOnlySpan<byte> from = Argument(data, size);
        if ((flags & ~wakeUps) != 0)
        {
            return Negative(Errno.EINVAL);
        }

        if (ring.Reserve(size, Fill) is not { } record)
        {
            return Negative(Errno.EAGAIN);
        }

        from.CopyTo(record.Bytes);
        ring.Commit(record.Start, discard: false);
        return 0;
    }

    private ulong Commit(ulong record, bool discard) =>
        _memory.Find(record) is { Owner: RingBufferMap ring } && ring.Commit(record, discard)
            ? Unset
            : throw new BadProgramException(Here, $"0x{record:x} is not a reserved record of a ring buffer");

    /// <summary>https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/bpf_iter.c (bpf_loop).</summary>
    private ulong Loop(uint count, ulong function, ulong context, ulong flags)
    {
        const uint maxLoops = 8 << 20;
        if (flags != 0)
        {
            return Negative(Errno.EINVAL);
        }

        if (count > maxLoops)
        {
            return Negative(Errno.E2BIG);
        }

        for (uint i = 0; i < count; i++)
        {
            if (CallBack(function, i, context, Unset, Unset) != 0)
            {
                return i + 1;
            }
        }

        return count;
    }

    private ulong ForEach(ulong mapAddress, ulong function, ulong context, ulong flags)
    {
        InterpretedMap map = MapOf(mapAddress);
        if (flags != 0)
        {
            return Negative(Errno.EINVAL);
        }

        ulong visited = 0;
        List<byte[]> keys = [.. map.Keys];
        MemoryRegion keyMemory = _memory.Add($"key of map {map.Name}", new byte[map.KeySize], isWritable: false);
        try
        {
            foreach (byte[] key in keys)
            {
                if (map.Peek(key) is not 0 and ulong value)
                {
                    visited++;
                    key.CopyTo(keyMemory.Bytes, 0);
                    if (CallBack(function, mapAddress, keyMemory.Start, value, context) != 0)
                    {
                        break;
                    }
                }
            }
        }
        finally
        {
            _memory.Recycle(keyMemory);
        }

        return visited;
    }

    private static ulong Negative(int error) => (ulong)-(long)error;
}
