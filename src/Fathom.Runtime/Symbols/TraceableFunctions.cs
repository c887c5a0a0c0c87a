using System;
using System.Collections.Generic;
using System.Threading;
using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>How it is known which functions of the kernel can be probed.</summary>
public enum TraceableEvidence
{
    /// <summary>tracefs lists them with addresses (<c>available_filter_functions_addrs</c>, Linux 6.5).</summary>
    Addresses = 0,
    /// <summary>tracefs lists their names (<c>available_filter_functions</c>): of several functions with one name all count.</summary>
    Names = 1,
    /// <summary>Guessed: all functions of the kernel's text without those whose name or address says that they cannot be probed.</summary>
    Symbols = 2,
}

/// <summary>
/// The functions of the running kernel that can be probed. tracefs knows them; where it is not mounted or not readable, they are guessed
/// from the symbols. What the kernel forbids to kprobes (<c>/sys/kernel/debug/kprobes/blacklist</c>) is left out where that can be read.
/// Everything is read when it is first needed. Safe for use by several threads.
/// </summary>
public sealed class TraceableFunctions
{
    internal const string BlacklistPath = "/sys/kernel/debug/kprobes/blacklist";

    private readonly Kernel _kernel;
    private readonly KernelSymbols _symbols;
    private readonly Lock _lock = new();
    private bool[]? _traceable;
    private TraceableEvidence _evidence;
    private string _note = "";
    private bool _blacklistWasRead;

    /// <summary>The functions of a kernel; nothing is read yet.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="symbols">Its symbols.</param>
    public TraceableFunctions(Kernel kernel, KernelSymbols symbols)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(symbols);
        _kernel = kernel;
        _symbols = symbols;
    }

    /// <summary>Whether a symbol is a function at all, and not padding before one, a part of one, or a mark in the code.</summary>
    /// <param name="symbol">The symbol.</param>
    public static bool IsFunction(KernelFunction symbol) => !TraceableMarks.NameSaysNo(System.Text.Encoding.UTF8.GetBytes(symbol.Name));

    /// <summary>How it is known.</summary>
    /// <exception cref="BpfException">The kernel's symbols cannot be read.</exception>
    public TraceableEvidence Evidence
    {
        get
        {
            _ = Traceable;
            return _evidence;
        }
    }

    /// <summary>Whether the list of what kprobes may not touch could be read.</summary>
    /// <exception cref="BpfException">The kernel's symbols cannot be read.</exception>
    public bool BlacklistWasRead
    {
        get
        {
            _ = Traceable;
            return _blacklistWasRead;
        }
    }

    /// <summary>Why it had to be guessed, in one sentence; empty if it did not.</summary>
    /// <exception cref="BpfException">The kernel's symbols cannot be read.</exception>
    public string Note
    {
        get
        {
            _ = Traceable;
            return _note;
        }
    }

    /// <summary>All of them, in the order of <c>/proc/kallsyms</c>. Makes a string for each: prefer <see cref="Matching"/>.</summary>
    /// <exception cref="BpfException">The kernel's symbols cannot be read.</exception>
    public IEnumerable<KernelFunction> Functions
    {
        get
        {
            bool[] traceable = Traceable;
            KernelSymbolTable table = _symbols.Table;
            for (int i = 0; i < traceable.Length; i++)
            {
                if (traceable[i])
                {
                    yield return table.FunctionAt(i);
                }
            }
        }
    }

    private bool[] Traceable
    {
        get
        {
            lock (_lock)
            {
                return _traceable ??= Read();
            }
        }
    }

    /// <summary>Those whose names match, in the order of <c>/proc/kallsyms</c>. Makes strings only for them.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <exception cref="BpfException">The kernel's symbols cannot be read.</exception>
    public IReadOnlyList<KernelFunction> Matching(NamePattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        bool[] traceable = Traceable;
        KernelSymbolTable table = _symbols.Table;
        List<KernelFunction> found = [];
        Span<char> buffer = stackalloc char[KernelSymbolTable.LongestName];
        for (int i = 0; i < traceable.Length; i++)
        {
            if (traceable[i] && pattern.IsMatch(buffer[..table.CopyName(i, buffer)]))
            {
                found.Add(table.FunctionAt(i));
            }
        }

        return found;
    }

    private bool[] Read()
    {
        KernelSymbolTable table = _symbols.Table;
        TraceableMarks marks = new(table);
        if (ReadTracefs("available_filter_functions_addrs", out int error) is { IsEmpty: false } addresses && !table.AreHidden)
        {
            _evidence = TraceableEvidence.Addresses;
            marks.AddByAddress(addresses.Span);
        }
        else if (ReadTracefs("available_filter_functions", out error) is { IsEmpty: false } names)
        {
            _evidence = TraceableEvidence.Names;
            marks.AddByName(names.Span);
        }
        else
        {
            _evidence = TraceableEvidence.Symbols;
            _note = error switch
            {
                Errno.ENOENT => "tracefs, which lists the functions that can be traced, is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)",
                0 => "the kernel's list of functions that can be traced is empty",
                _ => $"the kernel's list of functions that can be traced (available_filter_functions) cannot be read ({Errno.NameOf(error)})",
            };
            _note += ": they are guessed from the kernel's symbols, so that some of them may turn out not to be traceable.";
            marks.AddBySymbols();
        }

        byte[]? blacklist = _kernel.Calls.ReadBytes(BlacklistPath, 64 << 10, out int length, out _);
        _blacklistWasRead = blacklist is not null;
        marks.RemoveBlacklisted(blacklist.AsSpan(0, length));
        return marks.Values;
    }

    private ReadOnlyMemory<byte> ReadTracefs(string name, out int error)
    {
        byte[]? text = _kernel.Calls.ReadBytes($"{_kernel.Tracefs.Root ?? "/sys/kernel/tracing"}/{name}", 4 << 20, out int length, out error);
        return text.AsMemory(0, length);
    }
}
