using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>The tracing file system: names and numbers of tracepoints, functions that can be traced, probes made by writing a line.</summary>
internal sealed class Tracefs
{
    private const string Place = "/sys/kernel/tracing";
    private const string OldPlace = "/sys/kernel/debug/tracing";
    private const string Known = "/events/header_page";

    private readonly Kernel _kernel;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _used = [];
    private KernelDescriptor? _own;
    private string? _root;

    public Tracefs(Kernel kernel) => _kernel = kernel;

    /// <summary>
    /// Where it is: where it is mounted, or, where it is not and this process may (CAP_SYS_ADMIN), a mount of this process's own that no
    /// other sees and that ends with it. Null if there is none; <see cref="Problem"/> says why.
    /// </summary>
    public string? Root
    {
        get
        {
            lock (_lock)
            {
                return _root ??= Find();
            }
        }
    }

    /// <summary>Why there is no <see cref="Root"/>: 0 if it is not known yet.</summary>
    public int Problem { get; private set; }

    /// <summary>Whether this is the first time that this is asked of a file.</summary>
    public bool IsFirstUse(string file)
    {
        lock (_lock)
        {
            return _used.Add(file);
        }
    }

    /// <summary>The number of a tracepoint.</summary>
    /// <param name="tracepoint"><c>category/name</c>.</param>
    /// <exception cref="TracefsException">tracefs is not mounted or not readable, or has no such tracepoint.</exception>
    public ulong ReadId(string tracepoint)
    {
        string path = $"{Root ?? Place}/events/{tracepoint}/id";
        string? text = _kernel.Calls.ReadText(path, out int error);
        if (text is not null && ulong.TryParse(text.Trim(), NumberStyles.None, null, out ulong id))
        {
            return id;
        }

        throw new TracefsException("look up tracepoint", tracepoint, text is null ? error : 0, error switch
        {
            Errno.EACCES or Errno.EPERM => Unreadable("use tp_btf/ or raw_tp/ which need no tracefs"),
            Errno.ENOENT when Root is not null => $"this kernel has no such tracepoint; the names are those below {Place}/events.",
            Errno.ENOENT when Problem is Errno.EACCES => Unreadable("use tp_btf/ or raw_tp/ which need no tracefs"),
            Errno.ENOENT => $"tracefs is not mounted; mount -t tracefs tracefs {Place}, or use tp_btf/ or raw_tp/ which need no tracefs.",
            _ => $"{path} does not hold a number.",
        });
    }

    private string Unreadable(string otherwise) => $"{Place} is not readable: {Refusal.Remedy(_kernel, CapabilitySet.ReadSearch)}, or {otherwise}.";

    private string? Find()
    {
        foreach (string place in (string[])[Place, OldPlace])
        {
            using KernelDescriptor? file = _kernel.Calls.Open(place + Known, out int error);
            if (file is not null)
            {
                return place;
            }

            if (error is Errno.EACCES or Errno.EPERM)
            {
                // It is there: another mount of it would give no more rights.
                Problem = Errno.EACCES;
                return null;
            }
        }

        _own ??= _kernel.Calls.MountDetached("tracefs", out int refused);
        Problem = _own is null ? Errno.ENOENT : 0;
        if (_own is null)
        {
            return null;
        }

        // It ends with the process.
        DescriptorLedger.Closed(_own);
        return $"/proc/self/fd/{_own.Value.ToString(CultureInfo.InvariantCulture)}";
    }
}
