using System;
using System.Collections.Generic;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>What may be changed between reading an object and loading it.</summary>
public sealed class LoadOptions
{
    /// <summary>Entry programs that are not loaded, by name.</summary>
    public ISet<string> Without { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Entries of maps, by name, in place of those of the object.</summary>
    public IDictionary<string, int> MaxEntries { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Sets a constant: bytes of <c>.rodata</c>, which is frozen before the verifier sees it.</summary>
    /// <param name="offset">Bytes from the start of the section.</param>
    /// <param name="value">The constant.</param>
    public void SetConstant<T>(int offset, T value)
        where T : unmanaged => throw new NotImplementedException();
}

/// <summary>An object in the kernel: its maps are created and its programs verified. Nothing is attached until <see cref="Attach"/>.</summary>
public sealed class LoadedObject : IDisposable
{
    /// <summary>Relocates, creates maps, loads programs. What was created before an error is closed again.</summary>
    public static LoadedObject Load(Kernel kernel, BpfObject definition, LoadOptions? options = null) => throw new NotImplementedException();

    /// <summary>A map by name.</summary>
    public BpfMap GetMap(string name) => throw new NotImplementedException();

    /// <summary>A program by name.</summary>
    public BpfProgram GetProgram(string name) => throw new NotImplementedException();

    /// <summary>A global variable in <c>.data</c> or <c>.bss</c>, in memory shared with the kernel.</summary>
    public ref T GetGlobal<T>(string section, int offset)
        where T : unmanaged => throw new NotImplementedException();

    /// <summary>Attaches every loaded program by its section's name. Dispose the result to detach.</summary>
    public LinkSet Attach() => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>The running kernel.</summary>
public sealed class Kernel
{
}

/// <summary>A map in the kernel, untyped.</summary>
public sealed class BpfMap
{
}

/// <summary>A program in the kernel.</summary>
public sealed class BpfProgram
{
}

/// <summary>Attachments that end together.</summary>
public sealed class LinkSet : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
