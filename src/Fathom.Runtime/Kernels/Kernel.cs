using System;
using System.Collections.Concurrent;
using System.Threading;
using Fathom.Format;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// The running kernel: what it is, what it can do, and its types. Everything is found out when it is first asked for. Safe for use by
/// several threads.
/// </summary>
public sealed class Kernel
{
    private const string BtfPath = "/sys/kernel/btf/vmlinux";
    private const string CpuPath = "/sys/devices/system/cpu/possible";
    private const int BtfHeaderSize = 24;

    private readonly ConcurrentDictionary<KernelFeature, FeatureAnswer> _answers = new();
    private readonly Lock _btfLock = new();
    private BtfData? _btf;
    private string? _release;
    private string? _lockdown;
    private KernelConfiguration? _configuration;
    private int _possibleCpus;
    private bool? _shadowStacks;

    internal Kernel(ISystemCalls calls)
    {
        Calls = new KernelCalls(calls, () => Refusal.Diagnose(this, CapabilitySet.Bpf | CapabilitySet.PerfMon, out _) == RefusalCause.LockedMemory);
        Tracefs = new Tracefs(this);
    }

    /// <summary>The kernel that this process runs on.</summary>
    public static Kernel Running { get; } = new(LinuxSystemCalls.Instance);

    /// <summary>The release, for example <c>6.18.44</c>.</summary>
    public string Release => _release ??= Calls.ReadText("/proc/sys/kernel/osrelease", out _)?.Trim() ?? "unknown";

    /// <summary>The version in numbers, 0.0 if the release has another form. For messages: what the kernel can do is found out by trying.</summary>
    public Version Version
    {
        get
        {
            ReadOnlySpan<char> release = Release;
            int end = 0;
            while (end < release.Length && (char.IsAsciiDigit(release[end]) || release[end] == '.'))
            {
                end++;
            }

            return Version.TryParse(release[..end].TrimEnd('.'), out Version? version) ? version : new Version(0, 0);
        }
    }

    /// <summary>The kernel's own types (<c>/sys/kernel/btf/vmlinux</c>).</summary>
    /// <exception cref="KernelBtfException">The kernel has none (<c>CONFIG_DEBUG_INFO_BTF</c>), or they cannot be read.</exception>
    public BtfData Btf
    {
        get
        {
            lock (_btfLock)
            {
                return _btf ??= ReadBtf();
            }
        }
    }

    /// <summary>Number of CPUs that the machine can have: how many values an entry of a per-CPU map has.</summary>
    public int PossibleCpus => _possibleCpus != 0 ? _possibleCpus : _possibleCpus = ReadPossibleCpus();

    /// <summary>The effective capabilities of this thread.</summary>
    public CapabilitySet Capabilities => Privileges.Read(Calls);

    /// <summary>The mode of lockdown: <c>none</c>, <c>integrity</c>, <c>confidentiality</c>, or <c>unknown</c> where securityfs cannot be read.</summary>
    public string Lockdown => _lockdown ??= ParseLockdown(Calls.ReadText("/sys/kernel/security/lockdown", out _));

    internal KernelCalls Calls { get; }

    /// <summary>Whether the processor and the kernel give processes shadow stacks.</summary>
    internal bool MayHaveShadowStacks => _shadowStacks ??= FirstOfCpuInfo().Contains(" user_shstk", StringComparison.Ordinal);

    internal Tracefs Tracefs { get; }

    /// <summary>How it was built, where it says so.</summary>
    internal KernelConfiguration Configuration => _configuration ??= KernelConfiguration.Read(this);

    /// <summary>
    /// Whether maps and programs may count as locked memory of their user: since Linux 5.11 they count in the cgroup's memory, and the limit says
    /// nothing. An unknown version may be older.
    /// </summary>
    internal bool CountsLockedMemory => Version < new Version(5, 11);

    /// <summary>Asks whether the kernel has a feature. Only yes and no are remembered.</summary>
    public FeatureAnswer Probe(KernelFeature feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        if (!_answers.TryGetValue(feature, out FeatureAnswer answer))
        {
            try
            {
                answer = feature.Probe(this);
            }
            catch (ResourceLimitException e)
            {
                return new FeatureAnswer(FeatureSupport.Unknown, e.Message) { Cause = e.Cause };
            }

            if (answer.Support != FeatureSupport.Unknown)
            {
                _answers[feature] = answer;
            }
        }

        return answer;
    }

    /// <summary>Number of CPUs in a list such as <c>0-3,8</c>.</summary>
    internal static int CountCpus(ReadOnlySpan<char> list)
    {
        int count = 0;
        foreach (Range part in list.Split(','))
        {
            ReadOnlySpan<char> range = list[part].Trim();
            int dash = range.IndexOf('-');
            if (!int.TryParse(dash < 0 ? range : range[..dash], out int first)
                || !int.TryParse(dash < 0 ? range : range[(dash + 1)..], out int last)
                || last < first)
            {
                return 0;
            }

            count += last - first + 1;
        }

        return count;
    }

    /// <summary>The mode in brackets, as in <c>none [integrity] confidentiality</c>.</summary>
    internal static string ParseLockdown(string? text)
    {
        int start = text?.IndexOf('[') ?? -1;
        int end = text?.IndexOf(']') ?? -1;
        return start >= 0 && end > start ? text![(start + 1)..end] : "unknown";
    }

    // The first CPU's, which has its features: on a machine with hundreds the whole file takes long.
    private string FirstOfCpuInfo()
    {
        using KernelDescriptor? file = Calls.Open("/proc/cpuinfo", out _);
        Span<byte> first = stackalloc byte[4096];
        return file is null ? "" : System.Text.Encoding.ASCII.GetString(first[..Math.Max(0, Calls.Read(file, first))]);
    }

    private int ReadPossibleCpus()
    {
        string? list = Calls.ReadText(CpuPath, out int error);
        int count = list is null ? 0 : CountCpus(list);
        return count > 0
            ? count
            : throw new BpfException("count CPUs", CpuPath, error, "without this list the layout of per-CPU maps is unknown: mount -t sysfs sysfs /sys.");
    }

    private BtfData ReadBtf()
    {
        using KernelDescriptor file = Calls.OpenRegular(BtfPath, out _, out int error) ?? throw new KernelBtfException(error, error switch
        {
            0 => "this is no file: see whether something is mounted over it.",
            Errno.ENOENT when Calls.ReadText(CpuPath, out _) is null => "sysfs is not mounted: mount -t sysfs sysfs /sys.",
            Errno.ENOENT => "this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF=y): use a kernel that is built with it.",
            Errno.EACCES or Errno.EPERM => $"the kernel's types may not be read: {Refusal.Remedy(this, CapabilitySet.ReadSearch)}.",
            _ => "the kernel's types cannot be opened: see whether sysfs is mounted at /sys.",
        });

        Span<byte> header = stackalloc byte[BtfHeaderSize];
        int length = Calls.ReadAt(file, header, 0) == header.Length ? LengthOf(header) : 0;
        if (length == 0)
        {
            throw new KernelBtfException(0, "this is no description of types (BTF): see whether something is mounted over it.");
        }

        // A file of a disk, mounted over the kernel's, could be cut short while it is mapped, which would be a signal.
        ReadOnlyMemory<byte> bytes = (Calls.IsInSysfs(file) ? TryMap(file, length) : null) ?? ReadAll(file, length);
        try
        {
            return BtfData.Parse(bytes);
        }
        catch (BadFormatException e)
        {
            throw new KernelBtfException(0, $"the kernel's types have a form that is not known here ({e.Message}): use a newer version of Fathom.");
        }
    }

    // The size that the file claims is not that of its contents on every kernel; its header knows.
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/btf.h (struct btf_header)
    private static int LengthOf(ReadOnlySpan<byte> header)
    {
        ulong length = (ulong)BitConverter.ToUInt32(header[4..]) + BitConverter.ToUInt32(header[16..]) + BitConverter.ToUInt32(header[20..]);
        return BitConverter.ToUInt16(header) == 0xeb9f && length <= int.MaxValue ? (int)length : 0;
    }

    // Mapping takes microseconds where reading, which gives one page a call, takes milliseconds. Possible since Linux 6.16, ENODEV before:
    // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/sysfs_btf.c (btf_sysfs_vmlinux_mmap)
    private ReadOnlyMemory<byte>? TryMap(KernelDescriptor file, int length)
    {
        MappedMemory? memory = Calls.Map((nuint)length, writable: false, shared: false, file, 0, "kernel BTF", out _);
        if (memory is null)
        {
            return null;
        }

        // Never unmapped: the parsed types refer to it for as long as the process lives.
        DescriptorLedger.Closed(memory);
        return new MappedMemoryManager(memory).Memory;
    }

    // In growing steps, because a header can claim more than there is.
    private byte[] ReadAll(KernelDescriptor file, int length)
    {
        const int FirstStep = 16 << 20;
        byte[] bytes = [];
        int done = 0;
        while (done < length)
        {
            Array.Resize(ref bytes, (int)Math.Min(length, Math.Max(FirstStep, 2L * bytes.Length)));
            int count = Calls.ReadAt(file, bytes.AsSpan(done), done);
            if (count <= 0)
            {
                throw new KernelBtfException(-count, $"the kernel's types end after {done} of {length} bytes: see whether something is mounted over them.");
            }

            done += count;
        }

        return bytes;
    }
}
