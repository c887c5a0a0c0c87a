using System;
using System.Collections.Generic;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>An attachment. It ends when this is disposed, or with the process, however that ends: nothing is pinned.</summary>
public sealed class BpfLink : IDisposable
{
    private readonly KernelDescriptor? _link;
    private readonly KernelDescriptor? _event;

    internal BpfLink(BpfProgram program, KernelDescriptor? link, KernelDescriptor? perfEvent, string way)
    {
        Program = program;
        Way = way;
        _link = link;
        _event = perfEvent;
    }

    /// <summary>What is attached.</summary>
    public BpfProgram Program { get; }

    /// <summary>How: <c>tp_btf link</c>, <c>raw tracepoint</c>, <c>perf link</c>, <c>perf event</c>, <c>XDP link</c> or <c>tcx link</c>.</summary>
    public string Way { get; }

    /// <summary>Detaches. A perf tracepoint takes tens of milliseconds for that; the others take less than one.</summary>
    public void Dispose()
    {
        // The link before the event that it stands on.
        _link?.Dispose();
        _event?.Dispose();
    }
}

/// <summary>Attachments that end together.</summary>
public sealed class LinkSet : IDisposable
{
    private readonly List<BpfLink> _links = [];

    /// <summary>The attachments.</summary>
    public IReadOnlyList<BpfLink> Links => _links;

    internal void Add(BpfLink link) => _links.Add(link);

    /// <summary>Detaches all, the last one first.</summary>
    public void Dispose()
    {
        for (int i = _links.Count - 1; i >= 0; i--)
        {
            _links[i].Dispose();
        }

        _links.Clear();
    }
}
