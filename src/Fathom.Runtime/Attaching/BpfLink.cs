using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>An attachment. It ends when this is disposed, or with the process, however that ends: nothing is pinned.</summary>
public sealed class BpfLink : IDisposable
{
    private readonly KernelDescriptor? _link;
    private readonly KernelDescriptor? _event;
    private Action? _remove;

    /// <param name="program">What is attached.</param>
    /// <param name="link">The kernel's link.</param>
    /// <param name="perfEvent">The event that it stands on.</param>
    /// <param name="way">How, for people.</param>
    /// <param name="remove">What is left to do when both are closed, for what does not end with a descriptor.</param>
    internal BpfLink(BpfProgram program, KernelDescriptor? link, KernelDescriptor? perfEvent, string way, Action? remove = null)
    {
        Program = program;
        program.WasAttached = true;
        Way = way;
        _link = link;
        _event = perfEvent;
        _remove = remove;
    }

    /// <summary>What is attached.</summary>
    public BpfProgram Program { get; }

    /// <summary>
    /// How: <c>tp_btf link</c>, <c>fentry link</c>, <c>raw tracepoint</c>, <c>perf link</c>, <c>perf event</c>, <c>kprobe_multi link</c>,
    /// <c>uprobe_multi link</c>, <c>tracefs kprobe</c>, <c>XDP link</c>, <c>tcx link</c>, <c>clsact filter</c>, <c>cgroup link</c> and so on.
    /// </summary>
    public string Way { get; }

    /// <summary>Whether it stands on a perf event, which takes its time to close.</summary>
    internal bool IsSlow => _event is not null;

    internal KernelDescriptor? Link => _link;

    /// <summary>The same attachment under another name of its way; this one is not to be disposed of then.</summary>
    internal BpfLink As(string way) => new(Program, _link, _event, way, _remove);

    /// <summary>
    /// How often the place was passed without the program being run, as far as the kernel counts that of links: of kprobes, single or many, since
    /// Linux 6.7. What the program itself missed is in <see cref="ProgramInfo.RecursionMisses"/>.
    /// </summary>
    public unsafe long GetMissed()
    {
        // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (struct bpf_link_info: kprobe_multi.missed, perf_event.kprobe.missed)
        const int Many = 32, Single = 48;
        int place = Program.Kind is "kprobe.multi" or "kretprobe.multi" or "kprobe.session" ? Many : Program.Kind is "kprobe" or "kretprobe" ? Single : 0;
        if (_link is null || place == 0)
        {
            return 0;
        }

        byte* info = stackalloc byte[72];
        new Span<byte>(info, 72).Clear();
        var attributes = new InfoAttributes { Descriptor = _link.Value, Length = 72, Info = info };
        return Program.Kernel.Calls.Bpf(BpfCommand.GetInfo, ref attributes) < 0 ? 0 : *(long*)(info + place);
    }

    /// <summary>
    /// Detaches. What stands on a perf event (perf tracepoints, single kprobes and uprobes) takes tens of milliseconds for that; the others
    /// take less than one, or, for many functions at once, as long as attaching took.
    /// </summary>
    public void Dispose()
    {
        // The link before the event that it stands on.
        _link?.Dispose();
        _event?.Dispose();
        _remove?.Invoke();
        _remove = null;
    }
}

/// <summary>Attachments that end together.</summary>
public sealed class LinkSet : IDisposable
{
    private readonly List<BpfLink> _links = [];

    /// <summary>The attachments.</summary>
    public IReadOnlyList<BpfLink> Links => _links;

    /// <summary>Takes an attachment over.</summary>
    public void Add(BpfLink link) => _links.Add(link);

    /// <summary>Detaches all, the last one first; many that each take their time, several at once.</summary>
    public void Dispose() => Detach(static _ => { });

    /// <summary>Detaches all, as <see cref="Dispose"/> does, and says how it goes.</summary>
    /// <param name="left">
    /// Told after each attachment that takes its time how many are left, possibly from several threads at a time; never called where none does.
    /// </param>
    public void Detach(Action<int> left)
    {
        ArgumentNullException.ThrowIfNull(left);

        // Closing a perf event waits until no CPU can be in the program any more. Threads that wait for the same share the time.
        const int Few = 4;
        const int Threads = 16;
        if (_links.Count > Few && _links.Exists(static link => link.IsSlow))
        {
            int rest = _links.Count;
            Parallel.For(0, _links.Count, new ParallelOptions { MaxDegreeOfParallelism = Threads }, i =>
            {
                _links[_links.Count - 1 - i].Dispose();
                left(Interlocked.Decrement(ref rest));
            });
        }
        else
        {
            for (int i = _links.Count - 1; i >= 0; i--)
            {
                _links[i].Dispose();
            }
        }

        _links.Clear();
    }
}
