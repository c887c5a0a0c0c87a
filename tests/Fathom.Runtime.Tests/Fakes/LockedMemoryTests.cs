using System;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;
using Xunit;

namespace Fathom.Runtime.Tests.Fakes;

/// <summary>Kernels before 5.11 count maps and programs as locked memory, and refuse them beyond the process's limit.</summary>
public sealed class LockedMemoryTests
{
    private static readonly CapabilitySet WithoutResource = new(ulong.MaxValue & ~CapabilitySet.SysResource.Bits);

    private readonly FakeSystemCalls _calls = new();

    public LockedMemoryTests() => _calls.Files["/proc/sys/kernel/osrelease"] = "5.10.0-46-amd64\n"u8.ToArray();
    private readonly List<ulong> _limits = [];

    private LoadedObject Load() => LoadedObject.Load(
        new(_calls), Samples.Object([Samples.Returning("probe", "syscall", 0)], [Samples.Map(MapType.Hash, 4, 8, 100, "map")]));

    // As the kernel does it: a map or a program that does not fit the limit is refused.
    private unsafe void CountMemory(ulong needed)
    {
        foreach (BpfCommand command in new[] { BpfCommand.MapCreate, BpfCommand.ProgramLoad })
        {
            _calls.On(command, (_, _) =>
            {
                _limits.Add(_calls.LockedMemory.Soft);
                return _calls.LockedMemory.Soft < needed ? -Errno.EPERM : 0;
            });
        }
    }

    [Fact]
    public void The_limit_is_out_of_the_way_while_something_is_created_and_back_then()
    {
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 131_072 };
        CountMemory(500_000);

        Load().Dispose();

        Assert.Equal([65_536, ResourceLimit.Infinity, 65_536, ResourceLimit.Infinity], _limits);
        Assert.Equal(new ResourceLimit { Soft = 65_536, Hard = 131_072 }, _calls.LockedMemory);
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Without_the_right_to_more_the_limit_goes_as_far_as_it_may()
    {
        _calls.Capabilities = WithoutResource;
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 1_000_000 };
        CountMemory(500_000);

        Load().Dispose();

        Assert.Equal([65_536, 1_000_000, 65_536, 1_000_000], _limits);
        Assert.Equal(new ResourceLimit { Soft = 65_536, Hard = 1_000_000 }, _calls.LockedMemory);
    }

    [Fact]
    public void A_limit_that_cannot_be_raised_is_told()
    {
        _calls.Capabilities = WithoutResource;
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 65_536 };
        CountMemory(500_000);

        KernelPolicyException e = Assert.Throws<KernelPolicyException>(Load);
        Assert.Contains("may not lock more than 64 KB", e.Message, StringComparison.Ordinal);
        Assert.Equal(RefusalCause.LockedMemory, e.Cause);
        Assert.Equal(KernelCalls.MemoryTries, _limits.Count);
        Assert.Equal(KernelCalls.MemoryTries - 1, _calls.Pauses);
    }

    [Theory]
    [InlineData(65_536ul)]
    [InlineData(100_000ul)]
    public unsafe void What_was_closed_before_counts_until_the_kernel_has_freed_it(ulong hard)
    {
        _calls.Capabilities = WithoutResource;
        _calls.LockedMemory = new() { Soft = 65_536, Hard = hard };
        _calls.On(BpfCommand.MapCreate, (_, _) => _calls.Pauses < 3 ? -Errno.EPERM : 0);

        Load().Dispose();

        Assert.Equal(3, _calls.Pauses);
        Assert.Equal(new ResourceLimit { Soft = 65_536, Hard = hard }, _calls.LockedMemory);
    }

    [Fact]
    public void Who_may_create_nothing_does_not_wait_for_memory()
    {
        _calls.Capabilities = default;
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 65_536 };
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        Assert.Throws<MissingCapabilityException>(Load);
        Assert.Equal(0, _calls.Pauses);
    }

    [Fact]
    public void A_kernel_that_does_not_count_is_not_suspected_of_it()
    {
        _calls.Files["/proc/sys/kernel/osrelease"] = "5.11.0\n"u8.ToArray();
        _calls.Capabilities = WithoutResource;
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 65_536 };
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        Assert.Equal(RefusalCause.KernelPolicy, Assert.Throws<KernelPolicyException>(Load).Cause);
        Assert.Equal(0, _calls.Pauses);
    }

    [Fact]
    public void A_refusal_for_another_reason_stays_one_and_the_limit_comes_back()
    {
        _calls.LockedMemory = new() { Soft = 65_536, Hard = 65_536 };
        CountMemory(ulong.MaxValue);
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        Assert.Contains("without a reason", Assert.Throws<KernelPolicyException>(Load).Message, StringComparison.Ordinal);
        Assert.Equal(65_536u, _calls.LockedMemory.Soft);
        Assert.Equal(2, _calls.Commands.FindAll(command => command == BpfCommand.MapCreate).Count);
    }

    [Fact]
    public void Without_a_limit_nothing_is_tried_twice()
    {
        _calls.Fail(BpfCommand.MapCreate, Errno.EPERM);

        Assert.Throws<KernelPolicyException>(Load);

        Assert.Single(_calls.Commands.FindAll(command => command == BpfCommand.MapCreate));
    }
}
