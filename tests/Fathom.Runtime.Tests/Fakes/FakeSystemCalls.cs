using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>
/// A kernel that answers as it is told: by default every call succeeds, and what is opened must be closed. A script per command takes
/// precedence; it sees the call's number among those of its command, from 1.
/// </summary>
internal sealed unsafe class FakeSystemCalls : ISystemCalls
{
    private const string Held = "/proc/self/fd/";
    private const string Memory = "/memfd:";

    private readonly Dictionary<BpfCommand, Script> _scripts = [];
    private readonly Dictionary<BpfCommand, int> _counts = [];
    private readonly Dictionary<int, (byte[] Bytes, int Position)> _openFiles = [];
    private readonly Dictionary<int, string> _paths = [];
    private readonly Dictionary<int, int> _descriptorErrors = [];
    private readonly Dictionary<nint, GCHandle> _mappings = [];
    private int _nextDescriptor = 100;

    /// <summary>Answers one call of a command: the result, or the negative errno.</summary>
    public delegate long Script(int number, void* attributes);

    /// <summary>Files that exist.</summary>
    public Dictionary<string, byte[]> Files { get; } = new()
    {
        ["/sys/devices/system/cpu/possible"] = "0-3\n"u8.ToArray(),
        ["/sys/kernel/security/lockdown"] = "[none] integrity confidentiality\n"u8.ToArray(),
        ["/proc/sys/kernel/osrelease"] = "6.1.0-56-cloud-amd64\n"u8.ToArray(),
        ["/proc/1/status"] = "Name:\tinit\nSeccomp:\t0\n"u8.ToArray(),
    };

    /// <summary>Symbolic links with where they lead; only for reading them, not for opening.</summary>
    public Dictionary<string, string> Links { get; } = new() { ["/proc/self/ns/pid"] = "pid:[4026531836]" };

    /// <summary>Kinds of files that are not regular (<c>st_mode</c>), by path.</summary>
    public Dictionary<string, ushort> Modes { get; } = [];

    /// <summary>Errno of opening a file, by path.</summary>
    public Dictionary<string, int> FileErrors { get; } = [];

    /// <summary>Errno of reading a file that opens, by path.</summary>
    public Dictionary<string, int> ReadErrors { get; } = [];

    /// <summary>Descriptors that are open.</summary>
    public HashSet<int> Open { get; } = [];

    /// <summary>The capabilities of the process.</summary>
    public CapabilitySet Capabilities { get; set; } = new(ulong.MaxValue);

    /// <summary>Errno of <c>mmap(2)</c>.</summary>
    public int MapError { get; set; } = Errno.ENODEV;

    /// <summary>Whether <c>mmap(2)</c> gives files instead of <see cref="MapError"/>.</summary>
    public bool MapsFiles { get; set; }

    /// <summary>How many files are mapped.</summary>
    public int MappedFiles => _mappings.Count;

    /// <summary>Errno of <c>memfd_create(2)</c>, 0 for success.</summary>
    public int MemoryError { get; set; }

    /// <summary>The flags of each <c>memfd_create(2)</c> so far.</summary>
    public List<uint> MemoryFlags { get; } = [];

    /// <summary>Errno of starting a child, 0 for success.</summary>
    public int ChildError { get; set; }

    /// <summary>The exit code of children.</summary>
    public int ChildExit { get; set; }

    /// <summary>How many children were started.</summary>
    public int Children { get; private set; }

    /// <summary>Errno of <c>perf_event_open(2)</c>, 0 for success.</summary>
    public int PerfError { get; set; }

    /// <summary>How much memory the process may lock.</summary>
    public ResourceLimit LockedMemory { get; set; } = new() { Soft = ResourceLimit.Infinity, Hard = ResourceLimit.Infinity };

    /// <summary>How many descriptors may be open at a time.</summary>
    public int MostOpen { get; set; } = int.MaxValue;

    /// <summary>How often somebody waited for nothing but time.</summary>
    public int Pauses { get; private set; }

    /// <summary>How many files the process may open.</summary>
    public ResourceLimit OpenFiles { get; set; } = new() { Soft = 7, Hard = 7 };

    /// <summary>The commands so far.</summary>
    public List<BpfCommand> Commands { get; } = [];

    /// <summary>How often a perf event was asked for.</summary>
    public int PerfEvents { get; private set; }

    /// <summary>Whether descriptors lead to their files by <c>/proc/self/fd</c>.</summary>
    public bool HoldsFiles { get; set; }

    /// <summary>The requests of <c>ioctl(2)</c> so far.</summary>
    public List<uint> Requests { get; } = [];

    /// <summary>What was written, as <c>path: text</c>.</summary>
    public List<string> Written { get; } = [];

    /// <summary>Errno of mounting a file system that is mounted nowhere.</summary>
    public int MountError { get; set; } = Errno.EPERM;

    /// <summary>Answers <c>perf_event_open(2)</c> in place of <see cref="PerfError"/>: 0, or the errno.</summary>
    public Func<PerfEventAttributes, int>? OnPerf { get; set; }

    /// <summary>Errno of <c>ioctl(2)</c>, 0 for success.</summary>
    public int ControlError { get; set; }

    /// <summary>Errno of writing to a file, by path.</summary>
    public Dictionary<string, int> WriteErrors { get; } = [];

    /// <summary>Errno of reading what is no file, 0 for its end.</summary>
    public int ReadError { get; set; }

    /// <summary>Answers what is written to a socket.</summary>
    public Func<byte[], byte[]> OnMessage { get; set; } = static _ => [];

    /// <summary>Bytes that one <c>read(2)</c> gives at most.</summary>
    public int ReadSize { get; set; } = 4096;

    /// <summary>Says how a command is answered.</summary>
    public FakeSystemCalls On(BpfCommand command, Script script)
    {
        _scripts[command] = script;
        return this;
    }

    /// <summary>Lets a command fail.</summary>
    public FakeSystemCalls Fail(BpfCommand command, int error) => On(command, (_, _) => -error);

    /// <summary>A new descriptor, or EMFILE where as many are open as may be.</summary>
    public int NewDescriptor()
    {
        if (Open.Count >= MostOpen)
        {
            return -Errno.EMFILE;
        }

        Open.Add(_nextDescriptor);
        return _nextDescriptor++;
    }

    /// <summary>Writes a log where a program load asks for one.</summary>
    public static void WriteLog(void* attributes, string text)
    {
        var load = (ProgramLoadAttributes*)attributes;
        if (load->LogLevel != 0)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text + "\0");
            bytes.AsSpan(0, Math.Min(bytes.Length, (int)load->LogSize)).CopyTo(new Span<byte>(load->Log, (int)load->LogSize));
        }
    }

    public long Bpf(BpfCommand command, void* attributes, int size)
    {
        Commands.Add(command);
        int number = _counts[command] = _counts.GetValueOrDefault(command) + 1;
        long result = _scripts.TryGetValue(command, out Script? script) ? script(number, attributes) : 0;
        bool opens = command is BpfCommand.MapCreate or BpfCommand.ProgramLoad or BpfCommand.BtfLoad or BpfCommand.LinkCreate
            or BpfCommand.RawTracepointOpen or BpfCommand.IteratorCreate or BpfCommand.EnableStatistics;
        return result == 0 && opens ? NewDescriptor() : result;
    }

    public long OpenPerfEvent(PerfEventAttributes* attributes, int process, int cpu, int group, ulong flags)
    {
        PerfEvents++;
        return (OnPerf?.Invoke(*attributes) ?? PerfError) is var error and not 0 ? -error : NewDescriptor();
    }

    public long Control(int descriptor, uint request, long argument)
    {
        Requests.Add(request);
        return -ControlError;
    }

    long ISystemCalls.Open(string path, int flags)
    {
        if (path.StartsWith(Held, StringComparison.Ordinal))
        {
            path = _paths[int.Parse(path.AsSpan(Held.Length), CultureInfo.InvariantCulture)];
        }

        if (FileErrors.TryGetValue(path, out int error) || !Files.TryGetValue(path, out byte[]? bytes))
        {
            return -(error == 0 ? Errno.ENOENT : error);
        }

        int descriptor = NewDescriptor();
        if (descriptor < 0)
        {
            return descriptor;
        }

        _openFiles[descriptor] = (bytes, 0);
        _paths[descriptor] = path;
        _descriptorErrors[descriptor] = ReadErrors.GetValueOrDefault(path);
        return descriptor;
    }

    public long Create(string path, int flags, int mode) => throw new NotSupportedException();

    public long CreateMemoryFile(string name, uint flags)
    {
        MemoryFlags.Add(flags);
        int descriptor = MemoryError == 0 ? NewDescriptor() : -MemoryError;
        if (descriptor >= 0)
        {
            _paths[descriptor] = Memory + name;
            Files[Memory + name] = [];
        }

        return descriptor;
    }

    public long ReadClock(int clock, KernelTime* time) => throw new NotSupportedException();

    // A child that ends as soon as it is waited for.
    public long StartHeld(HeldPlan* plan, int* descriptor)
    {
        Children++;
        *descriptor = ChildError == 0 ? NewDescriptor() : -1;
        return ChildError == 0 ? 1789 : -ChildError;
    }

    public long Poll(PollEntry* entries, nuint count, int milliseconds)
    {
        Pauses += count == 0 ? 1 : 0;
        foreach (ref PollEntry entry in new Span<PollEntry>(entries, (int)count))
        {
            entry.Found = entry.Wanted;
        }

        return (long)count;
    }

    public long OpenPipe(int* ends)
    {
        (ends[0], ends[1]) = (NewDescriptor(), NewDescriptor());
        return 0;
    }

    public long GetGroups(string user, uint group, uint* groups, int* count) => throw new NotSupportedException();

    public long OpenEvent() => throw new NotSupportedException();

    public long ActOnSignal(int signal, SignalAction* wanted, SignalAction* before) => throw new NotSupportedException();

    public long SignalProcess(int process, int signal) => 0;

    public long WaitProcess(int process, ChildStatus* status, int options)
    {
        *status = new ChildStatus { Code = ChildStatus.ByExit, Status = ChildExit };
        return 0;
    }

    public long ReadLink(string path, byte* buffer, nuint length) =>
        Links.TryGetValue(path, out string? target)
        || (HoldsFiles && path.StartsWith(Held, StringComparison.Ordinal)
            && _paths.TryGetValue(int.Parse(path.AsSpan(Held.Length), CultureInfo.InvariantCulture), out target)) ? Encoding.UTF8.GetBytes(target, new Span<byte>(buffer, (int)length)) : -Errno.EINVAL;

    public long Write(int descriptor, byte* buffer, nuint length)
    {
        if (!_paths.TryGetValue(descriptor, out string? path))
        {
            _openFiles[descriptor] = (OnMessage(new Span<byte>(buffer, (int)length).ToArray()), 0);
            return (long)length;
        }

        if (path.StartsWith(Memory, StringComparison.Ordinal))
        {
            Files[path] = new Span<byte>(buffer, (int)length).ToArray();
            return (long)length;
        }

        string text = Encoding.UTF8.GetString(buffer, (int)length);
        Written.Add($"{path}: {text.TrimEnd('\n')}");
        if (WriteErrors.TryGetValue(path, out int error))
        {
            return -error;
        }

        // A line that makes a probe makes its event's number too, as tracefs does.
        if (path.EndsWith("_events", StringComparison.Ordinal) && text.Length > 2 && text[0] != '-')
        {
            string name = text[2..text.IndexOf(' ', StringComparison.Ordinal)];
            Files[$"{path[..path.LastIndexOf('/')]}/events/{name}/id"] = "1789\n"u8.ToArray();
        }

        return (long)length;
    }

    public long MountDetached(string type) => -MountError;

    public long Socket(int domain, int type, int protocol) => NewDescriptor();

    public long Read(int descriptor, byte* buffer, nuint length)
    {
        if (_descriptorErrors.GetValueOrDefault(descriptor) is var failure and not 0)
        {
            return -failure;
        }

        if (!_openFiles.TryGetValue(descriptor, out (byte[] Bytes, int Position) file))
        {
            return -ReadError;
        }

        (byte[] bytes, int position) = file;
        int count = Math.Min(Math.Min((int)length, ReadSize), bytes.Length - position);
        bytes.AsSpan(position, count).CopyTo(new Span<byte>(buffer, count));
        _openFiles[descriptor] = (bytes, position + count);
        return count;
    }

    public long ReadAt(int descriptor, byte* buffer, nuint length, long offset)
    {
        if (_descriptorErrors.GetValueOrDefault(descriptor) is var failure and not 0)
        {
            return -failure;
        }

        byte[] bytes = Files[_paths[descriptor]];
        int count = Math.Min(Math.Min((int)length, ReadSize), Math.Max(0, bytes.Length - (int)offset));
        bytes.AsSpan((int)Math.Min(offset, bytes.Length), count).CopyTo(new Span<byte>(buffer, count));
        return count;
    }

    public long FileSystemOf(int descriptor) => _paths[descriptor].StartsWith("/sys/", StringComparison.Ordinal) ? KernelCalls.Sysfs : 0;

    public long Status(int descriptor, FileStatus* status)
    {
        *status = new FileStatus { Mode = Modes.GetValueOrDefault(_paths[descriptor], FileStatus.RegularMode), Size = (ulong)_openFiles[descriptor].Bytes.Length };
        return 0;
    }

    public long Close(int descriptor) => Open.Remove(descriptor) ? 0 : throw new InvalidOperationException($"Descriptor {descriptor} is closed twice.");

    public long Map(nuint length, int protection, int flags, int descriptor, long offset)
    {
        if (!MapsFiles || !_openFiles.TryGetValue(descriptor, out (byte[] Bytes, int Position) file))
        {
            return -MapError;
        }

        Assert.Equal((0L, (nuint)file.Bytes.Length), (offset, length));
        GCHandle pinned = GCHandle.Alloc(file.Bytes, GCHandleType.Pinned);
        _mappings.Add(pinned.AddrOfPinnedObject(), pinned);
        nint address = pinned.AddrOfPinnedObject();
        Files["/proc/self/maps"] = Encoding.ASCII.GetBytes($"{address:x}-{address + (nint)length:x} r--p 00000000 08:01 1789 {_paths[descriptor]}\n");
        return address;
    }

    public long Unmap(nint address, nuint length)
    {
        if (_mappings.Remove(address, out GCHandle pinned))
        {
            pinned.Free();
        }

        return 0;
    }

    public long OpenProcess(int process) => process == 1 ? NewDescriptor() : -Errno.ESRCH;

    public long PollReadable(int descriptor, int milliseconds) => 0;

    public long OpenPoll() => NewDescriptor();

    public long AddToPoll(int poll, int descriptor, uint events) => 0;

    public long WaitForPoll(int poll, int milliseconds) => 0;

    public long GetInterfaceIndex(string name) => name == "lo" ? 1 : -Errno.ENODEV;

    public long GetCapabilities(CapabilityHeader* header, CapabilityData* data)
    {
        data[0] = new CapabilityData { Effective = (uint)Capabilities.Bits, Permitted = (uint)Capabilities.Bits };
        data[1] = new CapabilityData { Effective = (uint)(Capabilities.Bits >> 32), Permitted = (uint)(Capabilities.Bits >> 32) };
        return 0;
    }

    public long SetCapabilities(CapabilityHeader* header, CapabilityData* data)
    {
        Capabilities = new CapabilitySet(data[0].Effective | ((ulong)data[1].Effective << 32));
        return 0;
    }

    public long LimitResource(int resource, ResourceLimit* wanted, ResourceLimit* before)
    {
        if (resource == ResourceLimit.OpenFiles)
        {
            Assert.True(wanted == null);
            *before = OpenFiles;
            return 0;
        }

        Assert.Equal(ResourceLimit.LockedMemory, resource);
        if (before != null)
        {
            *before = LockedMemory;
        }

        if (wanted != null)
        {
            if (wanted->Hard > LockedMemory.Hard && !Capabilities.Contains(CapabilitySet.SysResource))
            {
                return -Errno.EPERM;
            }

            LockedMemory = *wanted;
        }

        return 0;
    }
}
