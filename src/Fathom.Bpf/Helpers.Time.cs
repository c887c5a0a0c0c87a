namespace Fathom.Bpf;

/// <summary>Kernel helpers: what a program may call. See also the methods of the map types.</summary>
public static unsafe partial class Helpers
{
    /// <summary>Nanoseconds since boot, not counting suspension (<c>bpf_ktime_get_ns</c>).</summary>
    [Helper(5)]
    public static ulong KtimeGetNs() => throw DeviceOnlyException.Create();

    /// <summary>Nanoseconds since boot, counting suspension (<c>bpf_ktime_get_boot_ns</c>).</summary>
    [Helper(125, Since = "5.8")]
    public static ulong KtimeGetBootNs() => throw DeviceOnlyException.Create();

    /// <summary>Nanoseconds of international atomic time (<c>bpf_ktime_get_tai_ns</c>).</summary>
    [Helper(208, Since = "6.1")]
    public static ulong KtimeGetTaiNs() => throw DeviceOnlyException.Create();

    /// <summary>Timer ticks since boot (<c>bpf_jiffies64</c>).</summary>
    [Helper(118, Since = "5.6")]
    public static ulong Jiffies64() => throw DeviceOnlyException.Create();

    /// <summary>Number of the current CPU (<c>bpf_get_smp_processor_id</c>).</summary>
    [Helper(8)]
    public static uint GetSmpProcessorId() => throw DeviceOnlyException.Create();

    /// <summary>Number of the current NUMA node (<c>bpf_get_numa_node_id</c>).</summary>
    [Helper(42)]
    public static uint GetNumaNodeId() => throw DeviceOnlyException.Create();

    /// <summary>A pseudo-random number (<c>bpf_get_prandom_u32</c>).</summary>
    [Helper(7)]
    public static uint GetPrandomU32() => throw DeviceOnlyException.Create();

    /// <summary>Calls a method with 0, 1, ... until it gives 1 or <paramref name="count"/> (at most 8 Mi) is reached; gives the number of calls (<c>bpf_loop</c>). The body is verified once. The state is on the stack.</summary>
    /// <typeparam name="T">What the body works on.</typeparam>
    [Helper(181, Since = "5.17")]
    public static long Loop<T>(uint count, delegate*<uint, T*, long> body, T* state, ulong flags = 0)
        where T : unmanaged => throw DeviceOnlyException.Create();
}
