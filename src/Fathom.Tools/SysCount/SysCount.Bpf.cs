using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Tools.Shared.Calls;
using Fathom.Tools.Shared.Cost;
using Fathom.Tools.Shared.Counts;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.Shared.Histograms;
using Fathom.Tools.Shared.Names;
using Fathom.Tools.Shared.Starts;

namespace Fathom.Tools.SysCount;

/// <summary>System calls, counted when they end, or summed up by how long they took.</summary>
/// <remarks>The exit knows the number of the call and its result; where times are not asked for, nothing is kept from the entry.</remarks>
[BpfObject]
[Includes(typeof(TaskFilter))]
[Includes(typeof(RunCost))]
[Includes(typeof(CommandStart))]
[Includes(typeof(CallEnds))]
[Includes(typeof(CallFilter))]
[Includes(typeof(CallTimes))]
[Includes(typeof(Occurrences))]
[Includes(typeof(Latencies))]
[Includes(typeof(ThreadStarts))]
[Includes(typeof(ProcessNames))]
internal static unsafe partial class SysCountProbe
{
    /// <summary>Whether processes are told apart, and not calls.</summary>
    [Constant]
    public static readonly bool ByProcess;

    [TracepointBtf("sys_exit")]
    private static void Returned(PtRegs* registers, long result)
    {
        // Asked first, because most do not.
        if (CallFilter.OnlyFailed && !CallTimes.TimesCalls && result >= 0)
        {
            return;
        }

        Caller caller = CallEnds.GetCaller();
        if (TaskFilter.WantsCurrent(caller.Ids))
        {
            if (CallEnds.Returns(caller, registers, result, out CallEnd end))
            {
                Count(caller, end, isOver: true);
            }
            else if (CallTimes.TimesCalls)
            {
                ThreadStarts.GoOn((uint)caller.Ids);
            }
        }
    }

    /// <summary>A signal handler ends the call that it has interrupted, or lets it begin anew.</summary>
    [TracepointBtf("signal_deliver")]
    private static void Signalled(int signal, void* information, SignalAction* action)
    {
        Caller caller = CallEnds.GetCaller();
        if (TaskFilter.WantsCurrent(caller.Ids) && CallEnds.IsHandled(caller, action, out CallEnd end, out bool fails))
        {
            Count(caller, end, fails);
        }
    }

    /// <summary>A thread ends, and with it the call that it was in.</summary>
    [TracepointBtf("sched_process_exit")]
    private static void Ended(TaskStruct* task)
    {
        Caller caller = CallEnds.GetCaller();
        if (TaskFilter.WantsCurrent(caller.Ids))
        {
            bool isOver = CallEnds.IsCutOff(caller, out CallEnd end);
            Count(caller, end, isOver);
        }
    }

    /// <summary>The current call of a thread is over, and counts; or it only is no longer what it was.</summary>
    private static void Count(Caller caller, CallEnd end, bool isOver)
    {
        ulong start = CallTimes.TimesCalls ? ThreadStarts.End((uint)caller.Ids) : 0;
        if (!isOver || !CommandStart.HasBegun || !CallFilter.Wants(end))
        {
            return;
        }

        uint key = ByProcess ? (uint)(caller.Ids >> 32) : end.Call;
        if (!CallTimes.TimesCalls)
        {
            Occurrences.Add(ByProcess ? Occurrences.Keyed(key) : Occurrences.Numbered(key));
        }
        else if (start != 0)
        {
            ulong ns = Latencies.Since(start);
            Latencies.Add(Latencies.FindAtPlace(new SlotKey { Slot = Latencies.SlotOf(ns), Low = key }), ns);
        }
    }
}
