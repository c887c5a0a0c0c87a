using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Fathom.Runtime;

/// <summary>What may be changed between reading an object and loading it.</summary>
public sealed class LoadOptions
{
    private readonly List<(int Offset, byte[] Bytes)> _constants = [];

    /// <summary>Entry programs that are not loaded, by name.</summary>
    public ISet<string> Without { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Entry programs that are loaded although their section's name starts with <c>?</c>, by name.</summary>
    public ISet<string> With { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Entries of maps, by name, in place of those of the object.</summary>
    public IDictionary<string, int> MaxEntries { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>
    /// Maps of other objects, by name, in place of those of this object: several objects, or one that is loaded several times, then share
    /// them. They stay their owner's, and must have the same type and sizes.
    /// </summary>
    public IDictionary<string, BpfMap> Maps { get; } = new Dictionary<string, BpfMap>(StringComparer.Ordinal);

    /// <summary>What programs attach to, by name, in place of what their section says: <c>vfs_read</c> for a fentry program.</summary>
    public IDictionary<string, string> Targets { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Sets a constant: bytes of <c>.rodata</c>, which is frozen before the verifier sees it.</summary>
    /// <param name="offset">Bytes from the start of the section.</param>
    /// <param name="value">The constant.</param>
    public void SetConstant<T>(int offset, T value)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _constants.Add((offset, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray()));
    }

    internal bool HasConstants => _constants.Count > 0;

    internal void ApplyConstants(Span<byte> section)
    {
        foreach ((int offset, byte[] bytes) in _constants)
        {
            if (offset + bytes.Length > section.Length)
            {
                throw new ArgumentException($"A constant of {bytes.Length} bytes at {offset} does not lie in .rodata, which has {section.Length} bytes.");
            }

            bytes.CopyTo(section[offset..]);
        }
    }
}
