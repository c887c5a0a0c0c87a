using System;
using System.Collections.Generic;

namespace Fathom.Testing;

/// <summary>What may be changed about the machine of a test.</summary>
public sealed class BpfTestOptions
{
    /// <summary>How many CPUs the machine has; per-CPU maps have as many values.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>Entries of maps, by name, in place of those of the object.</summary>
    public IDictionary<string, int> MaxEntries { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>
    /// Answers <c>Core.FieldExists</c> and the like: it is given what is asked for in words (<c>struct request.q</c>; a struct's flavour
    /// <c>___old</c> is not part of them). Null if everything exists of which the program has a view.
    /// </summary>
    public Func<string, bool>? Exists { get; init; }
}
