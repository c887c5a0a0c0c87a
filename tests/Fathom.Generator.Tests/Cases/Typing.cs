using System;
using System.Threading;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

internal struct Event
{
    public ulong Time;
    public uint Process;
    public uint Kind;
    public ulong Sum { readonly get => Time + Kind; set => Time = value; }
}

internal interface IShape
{
    ulong Area { get; }
}

internal struct Square(ulong side) : IShape
{
    public ulong Side = side;
    public readonly ulong Area => Side * Side;
}

internal readonly record struct Pair(ulong First, ulong Second);

internal static class Extensions
{
    extension(ulong number)
    {
        public ulong Doubled => number * 2;
    }
}

[BpfObject(License = "GPL")]
internal static unsafe partial class Typing
{
    [Map(MaxEntries = 1024)] private static readonly HashMap<ulong, ulong> Starts = new();
    [Map(MaxEntries = 4096)] private static readonly RingBuffer Events = new();
    [Constant] private static readonly uint Target = 7;
    private static ulong s_count;

    [TracepointBtf("sched_switch")]
    private static void OnSwitch(bool preempt, TaskStruct* previous, TaskStruct* next)
    {
        if (next->pid == 0 || (Target != 0 && (uint)next->tgid != Target))
        {
            return;
        }

        ulong now = Helpers.KtimeGetNs(), key = (ulong)next->pid;
        ulong* start = Starts.Lookup(key);
        if (start is not null)
        {
            Interlocked.Add(ref s_count, now - *start);
        }

        var record = new Event { Time = now, Process = (uint)previous->pid, Kind = preempt ? 1u : 2u };
        record.Sum += 3;
        Events.Output(record);
    }

    [Syscall]
    private static int Run()
    {
        Span<ulong> values = [1, 2, s_count];
        ulong sum = 0;
        foreach (ulong value in values)
        {
            sum += value switch { 0 => 1, > 5 and < 9 => 2, var x when x == sum => x, _ => value.Doubled };
        }

        for (int i = 0; i < values.Length; i++)
        {
            sum ^= values[i] << i;
        }

        ReadOnlySpan<byte> name = "abc"u8;
        var (first, second) = new Pair(sum, name[1]);
        Event e = default;
        e.Time = first;
        Change(ref e, out ulong changed);
        return values is [1, .., var last] && last > 3 ? (int)Area(new Square(changed)) : (int)(second + e.Time);

        static void Change(ref Event e, out ulong old) => old = e.Time++;
    }

    private static ulong Area<T>(T shape)
        where T : struct, IShape => shape.Area;
}
