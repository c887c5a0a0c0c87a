using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using Fathom.Format.Linux;

namespace Fathom.Runtime;

/// <summary>
/// The functions of the running kernel (<c>/proc/kallsyms</c>, <c>CONFIG_KALLSYMS</c>). The file is read when it is first needed, which
/// takes some 70 ms of the kernel's time, and not again: modules that are loaded later are not seen. Safe for use by several threads.
/// </summary>
public sealed class KernelSymbols
{
    internal const string Path = "/proc/kallsyms";

    private readonly Kernel _kernel;
    private readonly Lock _lock = new();
    private KernelSymbolTable? _table;

    /// <summary>The functions of a kernel; nothing is read yet.</summary>
    /// <param name="kernel">The kernel.</param>
    public KernelSymbols(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        _kernel = kernel;
    }

    /// <summary>
    /// Whether the kernel shows names without addresses (<c>kernel.kptr_restrict</c>). All addresses are then 0.
    /// </summary>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public bool AreHidden => Table.AreHidden;

    /// <summary>Why addresses are hidden and what to do, in one sentence; empty if they are not.</summary>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public string HiddenAdvice => !AreHidden ? "" : _kernel.Calls.ReadText("/proc/sys/kernel/kptr_restrict", out _)?.Trim() == "2"
        ? "the kernel hides the addresses of its functions from everybody (kernel.kptr_restrict is 2): set it to 1, as root."
        : $"the kernel hides the addresses of its functions: {Refusal.Remedy(_kernel, CapabilitySet.Syslog)}.";

    /// <summary>How many functions there are.</summary>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public int Count => Table.FunctionCount;

    /// <summary>
    /// All functions (types <c>t</c>, <c>T</c>, <c>w</c>, <c>W</c>), in the order of the file. Makes a string for each: prefer
    /// <see cref="Matching"/>.
    /// </summary>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public IEnumerable<KernelFunction> Functions
    {
        get
        {
            KernelSymbolTable table = Table;
            for (int i = 0; i < table.Count; i++)
            {
                if (table.IsFunction(i))
                {
                    yield return table.FunctionAt(i);
                }
            }
        }
    }

    internal KernelSymbolTable Table
    {
        get
        {
            lock (_lock)
            {
                return _table ??= Read();
            }
        }
    }

    /// <summary>All functions with a name: several static ones may have the same, and so may modules.</summary>
    /// <param name="name">The name, as it stands in the file.</param>
    /// <returns>The functions, in the order of the file; empty if there are none.</returns>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public IReadOnlyList<KernelFunction> FindAll(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        KernelSymbolTable table = Table;
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        List<KernelFunction> found = [];
        for (int i = 0; i < table.Count; i++)
        {
            if (table.IsFunction(i) && table.Name(i).SequenceEqual(wanted))
            {
                found.Add(table.FunctionAt(i));
            }
        }

        return found;
    }

    /// <summary>All functions whose names match. Makes strings only for those.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <returns>The functions, in the order of the file; empty if there are none.</returns>
    /// <exception cref="BpfException">The file cannot be read.</exception>
    public IReadOnlyList<KernelFunction> Matching(NamePattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (pattern.Literal is not null)
        {
            return FindAll(pattern.Literal);
        }

        KernelSymbolTable table = Table;
        List<KernelFunction> found = [];
        Span<char> buffer = stackalloc char[KernelSymbolTable.LongestName];
        for (int i = 0; i < table.Count; i++)
        {
            if (table.IsFunction(i) && pattern.IsMatch(buffer[..table.CopyName(i, buffer)]))
            {
                found.Add(table.FunctionAt(i));
            }
        }

        return found;
    }

    private KernelSymbolTable Read()
    {
        byte[]? text = _kernel.Calls.ReadBytes(Path, 8 << 20, out int length, out int error);
        return text is not null
            ? KernelSymbolTable.Parse(text.AsMemory(0, length))
            : throw new BpfException("read kernel symbols", Path, error, error switch
            {
                Errno.ENOENT when _kernel.Calls.ReadText("/proc/self/status", out _) is null => "procfs is not mounted: mount -t proc proc /proc.",
                Errno.ENOENT => "this kernel has no table of its symbols (CONFIG_KALLSYMS=y): use a kernel that is built with it.",
                _ => $"it cannot be read: {Refusal.Remedy(_kernel, CapabilitySet.ReadSearch)}.",
            });
    }
}
