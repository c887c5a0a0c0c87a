using System;
using System.Collections.Generic;

namespace Fathom.Runtime;

/// <summary>
/// What the <c>Loaded</c> of every class marked <c>[BpfObject]</c> is: an object in the kernel with typed maps and globals. Dispose it to take it out, once
/// nothing is attached any more.
/// </summary>
public abstract class LoadedBpf : IDisposable
{
    /// <summary>Takes over what is loaded.</summary>
    /// <param name="loaded">The object; it is disposed of with this.</param>
    protected LoadedBpf(LoadedObject loaded) => Object = loaded;

    /// <summary>The same, untyped.</summary>
    public LoadedObject Object { get; }

    /// <summary>The names of all programs of the object by their numbers, also of those that are not loaded.</summary>
    public abstract IReadOnlyList<string> ProgramNames { get; }

    /// <summary>
    /// How often the kernel did not run one of the programs, because it was running on that CPU already (Linux 5.12; 0 before):
    /// https://github.com/torvalds/linux/blob/v6.18/kernel/trace/bpf_trace.c (__bpf_trace_run)
    /// </summary>
    public ulong CountMissed()
    {
        ulong missed = 0;
        foreach (BpfProgram program in Object.Programs)
        {
            missed += (ulong)program.GetInfo().RecursionMisses;
        }

        return missed;
    }

    /// <summary>Attaches all loaded programs. Dispose the result to detach them.</summary>
    /// <exception cref="BpfException">One cannot be attached: none is.</exception>
    public LinkSet Attach() => Object.Attach();

    /// <summary>Attaches some programs, named as in <c>Programs</c>. Dispose the result to detach them.</summary>
    /// <exception cref="BpfException">One cannot be attached: none of them is.</exception>
    public LinkSet Attach(params ReadOnlySpan<string> programs) => Object.Attach(programs);

    /// <summary>What was lost since the object was loaded: the counters marked <c>[Loss]</c>, then <see cref="CountMissed"/>.</summary>
    public IReadOnlyList<Loss> ReadLosses() =>
        [.. ReadCounters(), new("missed", CountMissed(), "events missed, because the kernel does not run a program twice at a time on one CPU")];

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads the counters marked <c>[Loss]</c>.</summary>
    protected virtual IReadOnlyList<Loss> ReadCounters() => [];

    /// <summary>Closes what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Object.Dispose();
        }
    }
}
