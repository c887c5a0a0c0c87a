using System.Linq;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Calls;
using Fathom.Tools.Shared.Counts;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.SysCount;
using Xunit;

namespace Fathom.Testing.Tests;

/// <summary>Which ends of system calls count, and under which name, without a kernel.</summary>
public sealed unsafe class SysCountTests
{
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl
    private const uint Read = 0, SigReturn = 15, Nanosleep = 35, GetPid = 39, Clone = 56, Execve = 59, Exit = 60, RestartSyscall = 219, ExitGroup = 231;
    private const long RestartSys = -512, RestartNoHandler = -514, RestartBlock = -516, Interrupted = -4;
    private const ulong Handler = 0x1000, Restarts = 0x1000_0000;

    private readonly BpfTest _bpf = BpfTest.Load(SysCountProbe.GetObjectFile(), new() { MaxEntries = { [nameof(Occurrences.NumberedCounts)] = (int)CallEnd.Count } });
    private ulong _registers;

    public SysCountTests()
    {
        _bpf.CurrentTask = _bpf.Place(new TaskStruct { pid = 43, tgid = 42 }).Address;
        _bpf.Now = 1_000_000;
        _bpf.Machine.SetHelper(175, (_, _, _, _, _, _) => _registers);
    }

    [Fact]
    public void A_call_counts_when_it_returns()
    {
        Return(GetPid, 42);
        Return(Read, -9);
        Assert.Equal([(Read, 1UL), (GetPid, 1UL)], Counts());
    }

    [Fact]
    public void The_child_of_a_call_is_none()
    {
        Return(Clone, 0);
        Return(Clone, 77);
        Return(Clone, -11);
        Assert.Equal([(Clone, 2UL)], Counts());
    }

    [Theory]
    [InlineData(RestartSys)]
    [InlineData(RestartNoHandler)]
    public void An_interrupted_call_that_goes_on_is_one(long result)
    {
        Return(Read, result);
        Assert.Empty(Counts());
        Return(Read, result);
        Return(Read, 1);
        Assert.Equal([(Read, 1UL)], Counts());
    }

    [Fact]
    public void One_that_goes_on_under_another_number_keeps_its_name()
    {
        Return(Nanosleep, RestartBlock);
        Return(RestartSyscall, RestartBlock);
        Return(RestartSyscall, 0);
        Assert.Equal([(Nanosleep, 1UL)], Counts());
    }

    [Theory]
    [InlineData(RestartSys, Handler, 0ul, 1ul)]
    [InlineData(RestartNoHandler, Handler, 0ul, 1ul)]
    [InlineData(RestartNoHandler, Handler, Restarts, 1ul)]
    [InlineData(RestartBlock, Handler, Restarts, 1ul)]
    // It begins anew.
    [InlineData(RestartSys, Handler, Restarts, 0ul)]
    [InlineData(-513L, Handler, 0ul, 0ul)]
    // SIG_DFL and SIG_IGN.
    [InlineData(RestartSys, 0ul, 0ul, 0ul)]
    [InlineData(RestartSys, 1ul, 0ul, 0ul)]
    // It was not interrupted.
    [InlineData(7L, Handler, 0ul, 0ul)]
    [InlineData(Interrupted, Handler, 0ul, 0ul)]
    public void A_signal_handler_ends_a_call(long result, ulong handler, ulong flags, ulong failed)
    {
        _bpf.Global<bool>("OnlyFailed") = true;
        _bpf.Global<uint>("OnlyError") = 4;
        Deliver(Read, result, handler, flags);
        Assert.Equal(failed, Counts().Aggregate(0UL, static (sum, one) => sum + one.Count));
    }

    [Theory]
    [InlineData(ExitGroup, -38L, ExitGroup)]
    [InlineData(Exit, -38L, Exit)]
    // Killed when it had been interrupted.
    [InlineData(Read, RestartSys, Read)]
    // In user space: the call before has returned.
    [InlineData(Read, 1L, CallEnd.Count)]
    [InlineData(uint.MaxValue, RestartSys, CallEnd.Count)]
    public void A_call_that_never_returns_ends_with_its_thread(uint number, long result, uint expected)
    {
        _registers = _bpf.Place(new PtRegs { OriginalRax = number == uint.MaxValue ? ulong.MaxValue : number, Rax = (ulong)result }).Address;
        _bpf.Run(SysCountProbe.Programs.Ended, _bpf.CurrentTask);
        Assert.Equal(expected == CallEnd.Count ? [] : [(expected, 1UL)], Counts());
    }

    [Theory]
    [InlineData(20ul, ThreadInfo.Compat, CallEnd.Compat + 20)]
    [InlineData(20ul, 0u, 20u)]
    [InlineData(ulong.MaxValue, 0u, SigReturn)]
    [InlineData(ulong.MaxValue, ThreadInfo.Compat, CallEnd.Compat + 173)]
    [InlineData(0xffff_fffful, ThreadInfo.Compat, CallEnd.Compat + 173)]
    [InlineData(9_999ul, 0u, CallEnd.Unknown)]
    [InlineData(0x4000_0014ul, 0u, CallEnd.Unknown)]
    public void Numbers_mean_what_the_interface_says(ulong number, uint status, uint expected)
    {
        _bpf.CurrentTask = _bpf.Place(new TaskStruct { pid = 43, tgid = 42, thread_info = new() { status = status } }).Address;
        Return(number, -4);
        Assert.Equal([(expected, 1UL)], Counts());
    }

    [Fact]
    public void Only_what_fails_counts()
    {
        _bpf.Global<bool>("OnlyFailed") = true;
        Return(Read, -1);
        Return(Read, -4095);
        Return(Read, -4096);
        Return(Read, 0);

        // What rt_sigreturn leaves is no result.
        Return(ulong.MaxValue, -4);
        Assert.Equal([(Read, 2UL)], Counts());
    }

    [Fact]
    public void A_time_is_that_from_the_first_entry_to_the_last_exit()
    {
        _bpf.Global<bool>("ByKey") = true;
        _bpf.Global<bool>("TimesCalls") = true;
        Enter();
        Return(Nanosleep, RestartBlock);
        _bpf.Now += 500;
        Enter();
        Return(RestartSyscall, 0);
        Assert.Equal([(new SlotKey { Low = Nanosleep, Slot = 20 }, 2_500UL)], KeyedSlots.Of(_bpf).Select(static one => (one.Key, one.Value.SumNs)));
    }

    [Fact]
    public void A_call_that_a_handler_lets_begin_anew_has_its_time_since_then()
    {
        _bpf.Global<bool>("ByKey") = true;
        _bpf.Global<bool>("TimesCalls") = true;
        Enter();
        Return(Read, RestartSys);
        Deliver(Read, RestartSys, Handler, Restarts);
        Enter();
        Return(GetPid, 42);
        Enter();
        Return(Read, 1);
        var slots = KeyedSlots.Of(_bpf);
        Assert.Equal([GetPid, Read], slots.Keys.Select(static key => key.Low).Order().Reverse());
        Assert.All(slots.Values, static totals => Assert.Equal((1UL, 1_000UL), (totals.Count, totals.SumNs)));
    }

    [Fact]
    public void A_thread_that_takes_the_number_of_the_first_takes_its_call_along()
    {
        _bpf.Global<bool>("ByKey") = true;
        _bpf.Global<bool>("TimesCalls") = true;
        Enter();
        var first = _bpf.Place(new TaskStruct { pid = 42, tgid = 42 });
        _bpf.CurrentTask = first.Address;
        _bpf.ThreadId = 42;
        _bpf.Run(SysCountProbe.Programs.Renumbered, first, 43);
        Return(Execve, 0);
        Assert.Equal([Execve], KeyedSlots.Of(_bpf).Keys.Select(static key => key.Low));
    }

    [Fact]
    public void What_a_command_did_before_it_began_is_not_its_own()
    {
        _bpf.Global<uint>(nameof(Tools.Shared.Filters.CommandStart.Awaited)) = 42;
        _bpf.Global<Tools.Shared.Filters.TaskFilterSettings>("Filter") = new() { ByTree = true };
        _bpf.Map<uint, ulong>(nameof(Tools.Shared.Filters.TaskFilter.FilterTree))[42] = 0;
        Return(Read, 1);
        _bpf.Run(SysCountProbe.Programs.CommandBegins, _bpf.CurrentTask);
        Return(Execve, 0);
        Assert.Equal([(Execve, 1UL)], Counts());
    }

    [Fact]
    public void Processes_whose_place_is_taken_count_too()
    {
        _bpf.Global<bool>("ByProcess") = true;
        _bpf.Global<bool>("CountsByKey") = true;
        foreach (int process in (int[])[42, 42 + 4096, 42, 42 + 4096, 42 + 8192])
        {
            _bpf.CurrentTask = _bpf.Place(new TaskStruct { pid = process, tgid = process }).Address;
            Return(GetPid, process);
        }

        Assert.Equal(new KeyedCount { Key = 42, Count = 2 }, _bpf.Map<uint, KeyedCount>(nameof(Occurrences.KeyedCounts))[42]);
        var more = _bpf.Map<ulong, ulong>(nameof(Occurrences.MoreKeyedCounts));
        Assert.Equal((2UL, 1UL), (more[42 + 4096], more[42 + 8192]));
    }

    [Fact]
    public void Times_whose_place_is_taken_count_too()
    {
        const int Processes = 6_000;
        foreach (string constant in (string[])["ByProcess", "ByKey", "ByPlace", "TimesCalls"])
        {
            _bpf.Global<bool>(constant) = true;
        }

        for (int process = 1; process <= Processes; process++)
        {
            _bpf.CurrentTask = _bpf.Place(new TaskStruct { pid = process, tgid = process }).Address;
            _bpf.ProcessId = (uint)process;
            _bpf.Run(SysCountProbe.Programs.Entered, _bpf.Place(default(PtRegs)), 0UL);
            Return(GetPid, process);
        }

        var slots = KeyedSlots.Of(_bpf);
        Assert.Equal((Processes, (ulong)Processes), (slots.Count, slots.Values.Aggregate(0UL, static (sum, totals) => sum + totals.Count)));
        Assert.InRange(_bpf.Map<SlotKey, SlotTotals>(nameof(Latencies.Keyed)).Count, Processes - 4096, Processes - 1);
    }

    private void Enter()
    {
        _bpf.ProcessId = 42;
        _bpf.ThreadId = 43;
        _bpf.Run(SysCountProbe.Programs.Entered, _bpf.Place(default(PtRegs)), 0UL);
        _bpf.Now += 1_000;
    }

    private void Return(ulong number, long result) =>
        _bpf.Run(SysCountProbe.Programs.Returned, _bpf.Place(new PtRegs { OriginalRax = number }), unchecked((ulong)result));

    private void Deliver(uint number, long result, ulong handler, ulong flags)
    {
        _registers = _bpf.Place(new PtRegs { OriginalRax = number, Rax = unchecked((ulong)result) }).Address;
        var action = _bpf.Place(new SignalAction { sa = new() { sa_handler = (void*)handler, sa_flags = flags } });
        _bpf.Run(SysCountProbe.Programs.Signalled, 10UL, 0UL, action);
    }

    private (uint Call, ulong Count)[] Counts()
    {
        var counts = _bpf.Map<uint, ulong>(nameof(Occurrences.NumberedCounts));
        return [.. Enumerable.Range(0, (int)CallEnd.Count).Select(call => ((uint)call, counts[(uint)call])).Where(static one => one.Item2 > 0)];
    }
}
