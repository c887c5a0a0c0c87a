// Programs and the user-space code that loads, sets and reads them through what the generator writes. Each method of UserSide is a test.
using System;
using System.Linq;
using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;
using Fathom.Runtime;

#pragma warning disable

[KernelStruct("task_struct")]
unsafe struct TaskView
{
    public int pid;
    public ulong no_such_field;
    public fixed byte comm[3];
}

[KernelStruct("list_head")]
unsafe struct ListHead
{
    public ListHead* prev;
}

[KernelStruct("no_such_type")]
struct NoSuchType
{
    public int x;
}

[KernelEnum("bpf_map_type")]
enum MapTypes
{
    BPF_MAP_TYPE_PROG_ARRAY = 77, BPF_MAP_TYPE_NONE_SUCH = 78,
}

[BpfObject]
static unsafe partial class Queries
{
    internal static uint Field, NoField, ListBytes, PreviousAt, Type, NoType, Enumerator, NoEnumerator, Survived;
    internal static ulong Number;

    [Syscall]
    static int Ask()
    {
        TaskView* task = null;
        ListHead* list = null;
        Field = Core.FieldExists(task->pid) ? 1u : 2u;
        NoField = Core.FieldExists(task->no_such_field) ? 1u : 2u;
        ListBytes = Core.SizeOf<ListHead>();
        PreviousAt = Core.FieldOffset(list->prev);
        Type = Core.TypeExists<TaskView>() ? 1u : 2u;
        NoType = Core.TypeExists<NoSuchType>() ? 1u : 2u;
        Enumerator = Core.EnumValueExists(MapTypes.BPF_MAP_TYPE_PROG_ARRAY) ? 1u : 2u;
        NoEnumerator = Core.EnumValueExists(MapTypes.BPF_MAP_TYPE_NONE_SUCH) ? 1u : 2u;
        Number = Core.EnumValue(MapTypes.BPF_MAP_TYPE_PROG_ARRAY);
        var current = (TaskView*)Helpers.GetCurrentTask();
        // The field does not exist, and its read is not loaded.
        Survived = Core.FieldExists(current->no_such_field) ? (uint)current->no_such_field : 5u;
        return 1;
    }
}

[BpfObject]
static unsafe partial class Arguments
{
    [Constant] public static readonly bool HasThird;
    internal static ulong Seen;

    // The tracepoint has two arguments.
    [TracepointBtf("sched_process_fork")]
    static void Forked(TaskStruct* parent, TaskStruct* child, TaskStruct* third)
    {
        Seen += (ulong)child->pid;
        if (HasThird)
        {
            Seen += (ulong)third->pid;
        }
    }
}

struct Entry
{
    public ulong Count;
    public uint Last, Filler;
}

[BpfObject]
static unsafe partial class Maps
{
    [Constant] public static readonly uint Step = 3;
    [Constant] internal static readonly bool Doubles;
    [Map(MaxEntries = 16)] internal static readonly HashMap<uint, Entry> Entries = new();
    [Map(MaxEntries = 4)] internal static readonly PerCpuArray<ulong> PerCpu = new();
    internal static ulong Total;
    internal static int Start = -7;

    [Syscall]
    static int Count()
    {
        Total += Doubles ? Step * 2 : Step;
        Start++;
        Entry* entry = Entries.Lookup(5);
        if (entry == null)
        {
            Entries.Update(5, new Entry { Count = 100, Last = Step });
        }
        else
        {
            entry->Count++;
        }

        ulong* slot = PerCpu.Lookup(2);
        if (slot != null) { *slot += 10; }
        return (int)Step;
    }
}

[BpfObject]
static unsafe partial class Faults
{
    internal static uint Divisor, Index, Before, After, FromSubprogram, Calls;

    [Syscall]
    static int Divides()
    {
        Before++;
        uint result = 100 / Divisor;
        After += result;
        return 1;
    }

    [Syscall]
    static int Remainders()
    {
        long left = -100, right = Divisor;
        After += (uint)(left % right == 0 ? 3 : 4);
        return 1;
    }

    [Syscall]
    static int Indexes()
    {
        Span<byte> bytes = stackalloc byte[6];
        Before++;
        bytes[(int)Index] = 9;
        After++;
        return 1 + bytes[5];
    }

    [Syscall]
    static int Calling()
    {
        FromSubprogram = Divide(77, Divisor) + 1;
        return 1;
    }

    [BpfSubprogram]
    static uint Divide(uint left, uint right) => left / right + 5;

    [Syscall]
    static int Looping()
    {
        uint state = 0;
        long calls = Helpers.Loop(6, &Body, &state);
        Calls = (uint)calls;
        return (int)state;

        // With index 3 the body faults, gives 0, and the loop goes on.
        static long Body(uint index, uint* state)
        {
            uint left = 12;
            *state += 1 + left / (index == 3 ? Divisor : 1) * 0;
            return 0;
        }
    }
}

[BpfPart]
static unsafe class WeighingPart
{
    [Constant] internal static readonly uint Weight = 1;
    internal static ulong Weighed;
    [Map(MaxEntries = 1)] internal static readonly ArrayMap<ulong> Weights = new();

    [Syscall]
    static int OfPart()
    {
        uint weight = Weigh(Weight == 5 ? 1u : 2u);
        ulong* last = Weights.Lookup(0);
        if (last != null) { *last = weight; }
        return (int)weight;
    }

    internal static uint Weigh(uint times)
    {
        Weighed += Weight * times;
        return Weight * times;
    }
}

[BpfObject, Includes(typeof(WeighingPart))]
static unsafe partial class OneWithPart
{
    [Syscall] static int Own() => (int)WeighingPart.Weigh(1);
}

[BpfObject, Includes(typeof(WeighingPart))]
static unsafe partial class OtherWithPart
{
    internal static uint Own = 1;
}

[BpfPart]
static unsafe partial class CountingPart
{
    [Constant] internal static readonly uint Least = 4;
    [Constant] internal static readonly bool PartIsUsed;
    [Loss("small", "numbers not counted, because they are small")] internal static ulong Small;
    [Map(MaxEntries = 8)] internal static readonly HashMap<uint, uint> Counted = new();

    static bool IsUnused => !PartIsUsed;

    [Syscall, LoadIf(nameof(IsUnused))]
    static int WithoutPart() => 1;
}

[BpfObject, Includes(typeof(CountingPart))]
static unsafe partial class Conditional
{
    internal struct Settings
    {
        public ulong Number;
        public bool IsOn;
    }

    [Constant] internal static readonly bool First = true;
    [Constant] internal static readonly bool Second;
    [Constant] internal static readonly Settings Set;
    [Constant, HasTracepoint("sched_process_fork")] internal static readonly bool HasFork;
    [Constant, HasTracepoint("sched_process_fork", Arguments = 2)] internal static readonly bool HasForkOfTwo;
    [Constant, HasTracepoint("sched_process_fork", Arguments = 3)] internal static readonly bool HasForkOfThree;
    [Constant, HasTracepoint("no_such_tracepoint")] internal static readonly bool HasNone;
    [Loss("seen \"twice\"", "things that were\nseen twice")] internal static ulong Twice;
    internal static uint Bits;

    [Map(MaxEntries = 64), LoadIf(nameof(Both))] internal static readonly ArrayMap<ulong> Numbers = new();
    [Map(MaxEntries = 65536), LoadIf(nameof(Second))] internal static readonly RingBuffer Ring = new();

    static bool Both => First && Second;

    static bool IsOddOne => !Both && (Set.Number == Wanted || Set.IsOn != false);

    const ulong Wanted = 7;

    [Syscall, LoadIf(nameof(First))] static int OfFirst() => 1;

    [Syscall, LoadIf(nameof(Both))] static int OfBoth() => 1;

    [Syscall, LoadIf(nameof(IsOddOne))] static int OfOddOne() => 1;

    [TracepointBtf("sched_process_fork"), LoadIf(nameof(HasForkOfThree))] static void ForkOfThree(TaskStruct* parent, TaskStruct* child, TaskStruct* third) => Bits += (uint)third->pid;

    [TracepointBtf("no_such_tracepoint"), LoadIf(nameof(HasNone))] static void None(TaskStruct* parent) { }

    // Programs ask the same.
    [Syscall]
    static int Asks()
    {
        Bits = (Both ? 1u : 0) | (IsOddOne ? 2u : 0) | (HasFork ? 4u : 0) | (HasForkOfTwo ? 8u : 0) | (HasForkOfThree ? 16u : 0) | (HasNone ? 32u : 0);
        CountingPart.Small += CountingPart.Least;
        Twice++;
        ulong* number = Numbers.Lookup(0);
        if (number != null) { *number = 1; }
        CountingPart.Counted.Update(CountingPart.Least, 1u);
        return 1;
    }
}

[BpfPart]
static unsafe partial class Watching
{
    internal struct Watched
    {
        public uint Begun, Ended;
    }

    [Map(MaxEntries = 4)] internal static readonly ArrayMap<Watched> All = new();

    [BeforeProgram]
    static Watched* Begin(uint program)
    {
        Watched* watched = All.Lookup(program);
        if (watched != null) { watched->Begun++; }
        return watched;
    }

    [AfterProgram]
    static void End(Watched* watched)
    {
        if (watched != null) { watched->Ended += 10; }
    }

    [Syscall] static int OfPart() => 9;
}

[BpfObject, Includes(typeof(Watching))]
static unsafe partial class Surrounded
{
    internal static uint Given, Divisor;

    [Syscall]
    static int Returns()
    {
        for (uint i = 0; i < 4; i++)
        {
            if (i == Given) { return (int)i + 100; }
        }

        return -1;
    }

    [TracepointBtf("sched_process_fork")]
    static void Unused(TaskStruct* parent, TaskStruct* child) => Given = (uint)child->pid;

    [Syscall] static int Divides() => (int)(100 / Divisor);
}

public static unsafe class UserSide
{
    public static void What_surrounds_a_program_runs_wherever_it_returns(Kernel kernel)
    {
        using Surrounded.Loaded loaded = Surrounded.Load(kernel);
        Equal("Returns Unused Divides OfPart", string.Join(" ", loaded.ProgramNames));
        foreach (uint given in new uint[] { 0, 3, 4 })
        {
            loaded.Given = given;
            Equal(given < 4 ? given + 100 : uint.MaxValue, Run(loaded.Object, Surrounded.Programs.Returns));
        }

        // Where the program ends itself, too.
        Equal(0u, Run(loaded.Object, Surrounded.Programs.Divides));
        loaded.Divisor = 5;
        Equal(20u, Run(loaded.Object, Surrounded.Programs.Divides));
        Equal(9u, Run(loaded.Object, Surrounded.Programs.OfPart));
        Equal("3 30, 0 0, 2 20, 1 10", string.Join(", ", Enumerable.Range(0, 4).Select(i => loaded.All[i]).Select(w => $"{w.Begun} {w.Ended}")));
    }

    public static void What_a_condition_rules_out_is_not_loaded(Kernel kernel)
    {
        string Programs(Conditional.Constants constants)
        {
            using Conditional.Loaded loaded = Conditional.Load(kernel, constants);
            return string.Join(" ", loaded.Object.Programs.Select(p => p.Name).Order(StringComparer.Ordinal));
        }

        Equal("Asks OfFirst WithoutPart", Programs(new()));
        Equal("Asks OfBoth OfFirst", Programs(new() { Second = true, PartIsUsed = true, Set = new() { Number = 7 } }));
        Equal("Asks OfFirst OfOddOne", Programs(new() { PartIsUsed = true, Set = new() { Number = 7 } }));
        Equal("Asks OfOddOne", Programs(new() { First = false, PartIsUsed = true, Set = new() { IsOn = true } }));
    }

    public static void What_a_condition_rules_out_has_no_room(Kernel kernel)
    {
        using (Conditional.Loaded none = Conditional.Load(kernel))
        {
            Equal(1, none.Numbers.Count);
            Equal(Environment.SystemPageSize, none.Object.GetMap("Ring").MaxEntries);
        }

        using Conditional.Loaded both = Conditional.Load(kernel, new() { Second = true });
        Equal(64, both.Numbers.Count);
        Equal(65536, both.Object.GetMap("Ring").MaxEntries);
    }

    public static void User_space_and_programs_have_the_same_answers(Kernel kernel)
    {
        foreach (var constants in new Conditional.Constants[] { new(), new() { Second = true }, new() { Set = new() { Number = 7 } }, new() { Set = new() { IsOn = true } } })
        {
            using Conditional.Loaded loaded = Conditional.Load(kernel, constants);
            Run(loaded.Object, Conditional.Programs.Asks);
            Equal((constants.Both ? 1u : 0) | (constants.IsOddOne ? 2u : 0) | 4u | 8u, loaded.Bits);
            Equal(true, ReferenceEquals(constants, loaded.Constants));
            Equal(true, constants.HasFork && constants.HasForkOfTwo && !constants.HasForkOfThree && !constants.HasNone);
        }
    }

    public static void Losses_are_read_at_once(Kernel kernel)
    {
        using Conditional.Loaded loaded = Conditional.Load(kernel);
        Run(loaded.Object, Conditional.Programs.Asks);
        Equal("seen \"twice\" 1 things that were\nseen twice; small 4 numbers not counted, because they are small; missed 0",
            string.Join("; ", loaded.ReadLosses().Select(l => l.Kind == "missed" ? $"missed {l.Count}" : $"{l.Kind} {l.Count} {l.Text}")));
        LoadedBpf untyped = loaded;
        Equal(0ul, untyped.CountMissed());
    }

    public static void A_part_has_a_user_side(Kernel kernel)
    {
        static void Prepare(CountingPart.IConstants constants) => constants.Least += 5;
        static uint Read(CountingPart.ILoaded loaded)
        {
            loaded.Small += 100;
            return loaded.Counted.TryGet(9, out uint counted) ? counted : 0;
        }

        var constants = new Conditional.Constants();
        Prepare(constants);
        using Conditional.Loaded loaded = Conditional.Load(kernel, constants);
        Run(loaded.Object, Conditional.Programs.Asks);
        Equal(1u, Read(loaded));
        Equal(109ul, loaded.Small);
    }

    public static void Core_answers_about_this_kernel(Kernel kernel)
    {
        using Queries.Loaded queries = Queries.Load(kernel);
        Equal(1u, Run(queries.Object, Queries.Programs.Ask));
        Equal(1u, queries.Field);
        Equal(2u, queries.NoField);
        Equal(16u, queries.ListBytes);
        Equal(8u, queries.PreviousAt);
        Equal(1u, queries.Type);
        Equal(2u, queries.NoType);
        Equal(1u, queries.Enumerator);
        Equal(2u, queries.NoEnumerator);
        Equal(3ul, queries.Number);
        Equal(5u, queries.Survived);
    }

    public static void An_argument_is_read_only_where_it_is_used(Kernel kernel)
    {
        Arguments.Load(kernel).Dispose();
        try
        {
            Arguments.Load(kernel, new() { HasThird = true }).Dispose();
        }
        catch (VerifierRejectedException)
        {
            return;
        }

        throw new InvalidOperationException("the verifier accepts an argument that the tracepoint does not have");
    }

    public static void Constants_change_what_runs(Kernel kernel)
    {
        using (Maps.Loaded as_declared = Maps.Load(kernel))
        {
            Equal(3u, Run(as_declared.Object, Maps.Programs.Count));
            Equal(3ul, as_declared.Total);
        }

        using Maps.Loaded maps = Maps.Load(kernel, new() { Step = 11, Doubles = true });
        Equal(11u, Run(maps.Object, Maps.Programs.Count));
        Equal(22ul, maps.Total);
    }

    public static void Maps_and_globals_are_typed(Kernel kernel)
    {
        using Maps.Loaded maps = Maps.Load(kernel);
        Equal(-7, maps.Start);
        maps.Total = 1000;
        for (int i = 0; i < 3; i++) { Run(maps.Object, Maps.Programs.Count); }
        Equal(1009ul, maps.Total);
        Equal(-4, maps.Start);
        Equal(true, maps.Entries.TryGet(5, out Entry entry));
        Equal(102ul, entry.Count);
        Equal(3u, entry.Last);
        maps.Entries.Set(5, entry with { Count = 7 });
        Run(maps.Object, Maps.Programs.Count);
        Equal(true, maps.Entries.TryTake(5, out entry));
        Equal(8ul, entry.Count);
        Equal(false, maps.Entries.TryGet(5, out _));
        ulong[] values = new ulong[maps.PerCpu.CpuCount];
        maps.PerCpu.Read(2, values);
        Equal(40ul, values.Aggregate((x, y) => x + y));
        maps.PerCpu.Read(1, values);
        Equal(0ul, values.Aggregate((x, y) => x + y));
    }

    public static void A_fault_ends_the_program_with_0(Kernel kernel)
    {
        using Faults.Loaded faults = Faults.Load(kernel);
        Equal(0u, Run(faults.Object, Faults.Programs.Divides));
        Equal(1u, faults.Before);
        Equal(0u, faults.After);
        Equal(0u, Run(faults.Object, Faults.Programs.Remainders));
        Equal(0u, faults.After);
        faults.Divisor = 20;
        Equal(1u, Run(faults.Object, Faults.Programs.Divides));
        Equal(5u, faults.After);
        Equal(1u, Run(faults.Object, Faults.Programs.Remainders));
        Equal(8u, faults.After);

        foreach (uint index in new uint[] { 6, 7, 255, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff })
        {
            (faults.Before, faults.After, faults.Index) = (0, 0, index);
            Equal(0u, Run(faults.Object, Faults.Programs.Indexes));
            Equal(1u, faults.Before);
            Equal(0u, faults.After);
        }

        faults.Index = 5;
        Equal(10u, Run(faults.Object, Faults.Programs.Indexes));
        Equal(1u, faults.After);
    }

    public static void A_fault_ends_the_subprogram_or_the_body_of_a_loop(Kernel kernel)
    {
        using Faults.Loaded faults = Faults.Load(kernel);
        Equal(1u, Run(faults.Object, Faults.Programs.Calling));
        Equal(1u, faults.FromSubprogram);
        Equal(5u, Run(faults.Object, Faults.Programs.Looping));
        Equal(6u, faults.Calls);
        faults.Divisor = 7;
        Equal(1u, Run(faults.Object, Faults.Programs.Calling));
        Equal(17u, faults.FromSubprogram);
        Equal(6u, Run(faults.Object, Faults.Programs.Looping));
    }

    public static void Each_object_has_a_part_of_its_own(Kernel kernel)
    {
        using OneWithPart.Loaded one = OneWithPart.Load(kernel, new() { Weight = 5 });
        using OtherWithPart.Loaded other = OtherWithPart.Load(kernel, new() { Weight = 7 });
        Equal(5u, Run(one.Object, OneWithPart.Programs.Own));
        Equal(5u, Run(one.Object, OneWithPart.Programs.OfPart));
        Equal(14u, Run(other.Object, OtherWithPart.Programs.OfPart));
        Equal(10ul, one.Weighed);
        Equal(14ul, other.Weighed);
        Equal(5ul, one.Weights[0]);
        Equal(14ul, other.Weights[0]);
        Equal(1u, other.Own);
    }

    private static uint Run(LoadedObject loaded, string program) => loaded.GetProgram(program).TestRun().ReturnValue;

    private static void Equal<T>(T expected, T actual, [System.Runtime.CompilerServices.CallerLineNumber] int line = 0)
    {
        if (!expected.Equals(actual))
        {
            throw new InvalidOperationException($"line {line}: {actual} instead of {expected}");
        }
    }
}
