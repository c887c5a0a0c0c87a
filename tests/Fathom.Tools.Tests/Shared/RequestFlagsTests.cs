using Fathom.Tools.Shared;
using Xunit;

namespace Fathom.Tools.Tests.Shared;

public sealed class RequestFlagsTests
{
    // Linux 6.18, without some.
    private static readonly (string, ulong)[] s_operations =
    [
        ("REQ_OP_READ", 0), ("REQ_OP_WRITE", 1), ("REQ_OP_FLUSH", 2), ("REQ_OP_DISCARD", 3), ("REQ_OP_SECURE_ERASE", 5),
        ("REQ_OP_ZONE_APPEND", 7), ("REQ_OP_WRITE_ZEROES", 9), ("REQ_OP_ZONE_RESET", 15), ("REQ_OP_DRV_IN", 34), ("REQ_OP_LAST", 36),
    ];

    private static readonly (string, ulong)[] s_flags =
    [
        ("__REQ_FAILFAST_DEV", 8), ("__REQ_FAILFAST_TRANSPORT", 9), ("__REQ_FAILFAST_DRIVER", 10), ("__REQ_SYNC", 11), ("__REQ_META", 12),
        ("__REQ_PRIO", 13), ("__REQ_NOMERGE", 14), ("__REQ_IDLE", 15), ("__REQ_INTEGRITY", 16), ("__REQ_FUA", 17), ("__REQ_PREFLUSH", 18),
        ("__REQ_RAHEAD", 19), ("__REQ_BACKGROUND", 20), ("__REQ_NOWAIT", 21), ("__REQ_POLLED", 22), ("__REQ_NR_BITS", 31),
    ];

    [Theory]
    [InlineData(0UL, "Read")]
    [InlineData(1UL, "Write")]
    [InlineData(9UL, "WriteZeros")]
    [InlineData(5UL, "SecureErase")]
    [InlineData(15UL, "ZoneReset")]
    [InlineData(34UL, "DrvIn")]
    [InlineData(7UL, "ZoneAppend")]
    [InlineData(77UL, "Op77")]
    [InlineData(36UL, "Op36")]
    [InlineData((1UL << 11) | 1, "Sync-Write")]
    [InlineData((1UL << 19) | 0, "ReadAhead-Read")]
    [InlineData((1UL << 11) | (1UL << 12) | (1UL << 13) | (1UL << 14) | (1UL << 15) | (1UL << 17) | (1UL << 19) | (1UL << 20) | (1UL << 21) | 1,
        "NoWait-Background-ReadAhead-Idle-NoMerge-Priority-ForcedUnitAccess-Metadata-Sync-Write")]
    [InlineData((1UL << 18) | (1UL << 8) | (1UL << 11) | 1, "Preflush-FailfastDev-Sync-Write")]
    [InlineData((1UL << 31) | (1UL << 40) | 2, "Bit40-Bit31-Flush")]
    public void Names_what_the_kernel_numbers(ulong flags, string expected) =>
        Assert.Equal(expected, new RequestFlags(s_operations, s_flags).Name(flags));

    [Fact]
    public void Other_numbers_have_the_same_names()
    {
        var flags = new RequestFlags([("REQ_OP_WRITE", 4), ("REQ_OP_READ", 3)], [("__REQ_META", 6), ("__REQ_SYNC", 7)]);
        Assert.Equal("Metadata-Sync-Write", flags.Name(4 | (1 << 6) | (1 << 7)));
        Assert.Equal("Read", flags.Name(3));
        Assert.Equal("Op63", flags.Name(63));
    }

    [Fact]
    public void Without_the_kernels_types_numbers_remain() => Assert.Equal("Bit11-Op1", new RequestFlags([], []).Name((1 << 11) | 1));
}
