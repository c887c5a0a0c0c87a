using System.Collections.Generic;
using System.Linq;
using System.Numerics;

namespace Fathom.Runtime;

/// <summary>A set of Linux capabilities (<c>capabilities(7)</c>).</summary>
/// <param name="Bits">One bit for each, by the kernel's numbers.</param>
public readonly record struct CapabilitySet(ulong Bits)
{
    /// <summary><c>CAP_DAC_OVERRIDE</c>: read and write what file permissions forbid.</summary>
    public static readonly CapabilitySet DacOverride = new(1UL << 1);

    /// <summary><c>CAP_DAC_READ_SEARCH</c>: read what file permissions forbid.</summary>
    public static readonly CapabilitySet ReadSearch = new(1UL << 2);

    /// <summary><c>CAP_NET_ADMIN</c>: attach to the network.</summary>
    public static readonly CapabilitySet NetAdmin = new(1UL << 12);

    /// <summary><c>CAP_SYS_PTRACE</c>: look into the processes of others.</summary>
    public static readonly CapabilitySet SysPtrace = new(1UL << 19);

    /// <summary><c>CAP_SYS_ADMIN</c>: nearly everything.</summary>
    public static readonly CapabilitySet SysAdmin = new(1UL << 21);

    /// <summary><c>CAP_SYS_RESOURCE</c>: raise limits.</summary>
    public static readonly CapabilitySet SysResource = new(1UL << 24);

    /// <summary><c>CAP_SYSLOG</c>: see the kernel's addresses (<c>/proc/kallsyms</c>).</summary>
    public static readonly CapabilitySet Syslog = new(1UL << 34);

    /// <summary><c>CAP_PERFMON</c> (Linux 5.8): observe other processes and the kernel.</summary>
    public static readonly CapabilitySet PerfMon = new(1UL << 38);

    /// <summary><c>CAP_BPF</c> (Linux 5.8): create maps and load programs.</summary>
    public static readonly CapabilitySet Bpf = new(1UL << 39);

    /// <summary>The union.</summary>
    public static CapabilitySet operator |(CapabilitySet left, CapabilitySet right) => new(left.Bits | right.Bits);

    /// <summary>The union.</summary>
    public static CapabilitySet BitwiseOr(CapabilitySet left, CapabilitySet right) => left | right;

    /// <summary>True if nothing is in it.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>True if all of <paramref name="other"/> is in this set.</summary>
    public bool Contains(CapabilitySet other) => (Bits & other.Bits) == other.Bits;

    /// <summary>What of <paramref name="needed"/> is not in this set; CAP_SYS_ADMIN stands for the capabilities that were split from it.</summary>
    public CapabilitySet MissingOf(CapabilitySet needed)
    {
        ulong have = Bits;
        if (Contains(SysAdmin))
        {
            // https://github.com/torvalds/linux/blob/v6.18/include/linux/capability.h (bpf_capable, perfmon_capable)
            have |= Bpf.Bits | PerfMon.Bits;
        }

        return new(needed.Bits & ~have);
    }

    /// <summary>What is in both.</summary>
    public CapabilitySet And(CapabilitySet other) => new(Bits & other.Bits);

    /// <summary>The name of each.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            var names = new List<string>();
            for (ulong rest = Bits; rest != 0; rest &= rest - 1)
            {
                names.Add(NameOf(BitOperations.TrailingZeroCount(rest)));
            }

            return names;
        }
    }

    /// <summary>The names, as in <c>CAP_BPF and CAP_PERFMON</c>.</summary>
    public override string ToString()
    {
        if (IsEmpty)
        {
            return "no capability";
        }

        IReadOnlyList<string> names = Names;
        return names.Count == 1 ? names[0] : string.Join(", ", names.Take(names.Count - 1)) + " and " + names[^1];
    }

    private static string NameOf(int number) => number switch
    {
        1 => "CAP_DAC_OVERRIDE",
        2 => "CAP_DAC_READ_SEARCH",
        12 => "CAP_NET_ADMIN",
        19 => "CAP_SYS_PTRACE",
        21 => "CAP_SYS_ADMIN",
        24 => "CAP_SYS_RESOURCE",
        34 => "CAP_SYSLOG",
        38 => "CAP_PERFMON",
        39 => "CAP_BPF",
        _ => "capability " + number,
    };
}
