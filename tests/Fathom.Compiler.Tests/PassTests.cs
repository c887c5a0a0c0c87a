using System;
using System.Collections.Generic;
using System.IO;
using Fathom.Compiler.IR;
using Fathom.Compiler.Passes;
using Fathom.Format.Instructions;
using Xunit;

namespace Fathom.Compiler.Tests;

/// <summary>
/// Each pass on a small function: the text before and after is in <c>Goldens</c>. A changed result is written beside the test program as
/// <c>.actual</c>, to be looked at and copied if it is right.
/// </summary>
public sealed class PassTests
{
    private static readonly Dictionary<string, (Action<FunctionBuilder> Fill, Func<IPass> Pass)> s_cases = new()
    {
        ["simplify-arithmetic"] = (Arithmetic, () => new Simplify()),
        ["simplify-comparison"] = (Condition, () => new Simplify()),
        ["legalize-division"] = (Division, () => new Legalize(3)),
        ["number-values"] = (Twice, () => new NumberValues()),
        ["number-values-escape"] = (Escape, () => new NumberValues()),
        ["narrow-operations"] = (Masks, () => new NarrowOperations()),
        ["promote-slots"] = (Struct, () => new PromoteSlots()),
        ["expand-memory"] = (Struct, () => new ExpandMemory()),
        ["expand-compares"] = (Condition, () => new ExpandCompares()),
        ["free-truncations"] = (Truncations, () => new FreeTruncations()),
        ["remove-dead-stores"] = (Event, () => new RemoveDeadStores()),
        ["decide-comparisons"] = (Twofold, () => new DecideComparisons()),
        ["share-slots"] = (Keys, () => new ShareSlots()),
        ["share-slots-loop"] = (KeysOfLoop, () => new ShareSlots()),
        ["share-slots-filled"] = (KeysFilled, () => new ShareSlots()),
        ["expand-memory-overlap"] = (Overlaps, () => new ExpandMemory()),
        ["promote-slots-overlap"] = (OverlapOfSlot, () => new PromoteSlots()),
        ["forward-loads"] = (Fields, () => new ForwardLoads()),
        ["forward-loads-fence"] = (Fence, () => new ForwardLoads()),
        ["sink-addresses"] = (Globals, () => new SinkAddresses()),
        ["colour-slots"] = (Turns, () => new ColourSlots()),
        ["hoist-constants"] = (Condition, () => new HoistConstants()),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pass_makes_of_a_function_what_is_written(string name)
    {
        var (fill, pass) = s_cases[name];
        var function = new Module().AddFunction("f", "syscall", [IrType.PointerTo(PointerSpace.Context), IrType.I64], IrType.I32, 0);
        fill(new FunctionBuilder(function));
        new BuildSsa().Run(function);
        string text = IrPrinter.Print(function);
        Assert.True(pass().Run(function));
        IrChecker.Check(function, name, isSsa: pass() is not PromoteSlots);
        text += "=>\n" + IrPrinter.Print(function);

        string path = Path.Combine(AppContext.BaseDirectory, "Goldens", name + ".txt");
        File.WriteAllText(path + ".actual", text);
        Assert.True(File.Exists(path), $"There is no {path}.");
        Assert.Equal(File.ReadAllText(path), text);
    }

    private static void Arithmetic(FunctionBuilder b)
    {
        var x = b.Parameter(1);
        var y = b.Binary(BinaryOperation.Add, b.Binary(BinaryOperation.Subtract, x, b.Constant(IrType.I64, 3)), b.Constant(IrType.I64, 5));
        y = b.Binary(BinaryOperation.Multiply, b.Constant(IrType.I64, 8), y);
        y = b.Binary(BinaryOperation.ModuloUnsigned, b.Binary(BinaryOperation.DivideUnsigned, y, b.Constant(IrType.I64, 1024)), b.Constant(IrType.I64, 64));
        y = b.Binary(BinaryOperation.Subtract, y, b.Constant(IrType.I64, 1L << 40));
        b.Return(b.Convert(Conversion.Truncate, b.Convert(Conversion.SignExtend, b.Convert(Conversion.Truncate, y))));
    }

    private static void Condition(FunctionBuilder b)
    {
        var small = b.Load(IrType.I32, b.Parameter(0), 4, MemorySize.Half);
        var truth = b.Compare(Comparison.LessSigned, b.Constant(IrType.I64, 7), b.Convert(Conversion.ZeroExtend, small));
        var yes = b.NewBlock();
        var no = b.NewBlock();
        b.Branch(Comparison.Equal, truth, b.Constant(IrType.I32, 0), no, yes);
        b.SetBlock(yes);
        b.Return(b.Constant(IrType.I32, 1));
        b.SetBlock(no);
        b.Return(b.Constant(IrType.I32, 0));
    }

    private static void Division(FunctionBuilder b) =>
        b.Return(b.Convert(Conversion.Truncate, b.Binary(
            BinaryOperation.DivideSigned, b.Parameter(1), b.Load(IrType.I64, b.Parameter(0), 0, MemorySize.Half, isSigned: true))));

    private static void Twice(FunctionBuilder b)
    {
        var left = b.Binary(BinaryOperation.Add, b.Load(IrType.I64, b.Parameter(0), 8, MemorySize.Double), b.Parameter(1));
        var right = b.Binary(BinaryOperation.Add, b.Load(IrType.I64, b.Parameter(0), 8, MemorySize.Double), b.Parameter(1));
        b.Return(b.Convert(Conversion.Truncate, b.Binary(BinaryOperation.Multiply, left, right)));
    }

    // Once the address of the context is in memory, anyone who is given that may write to it: only the sum of the first two is one.
    private static void Escape(FunctionBuilder b)
    {
        var shared = b.SlotAddress(b.NewSlot(8, 8));
        b.Store(shared, 0, MemorySize.Double, b.Parameter(0));
        var before = b.Load(IrType.I64, b.Parameter(0), 8, MemorySize.Double);
        b.Call(181, IrType.I64, [b.Binary(BinaryOperation.Add, b.Parameter(1), b.Constant(IrType.I64, 1)), shared]);
        var after = b.Load(IrType.I64, b.Parameter(0), 8, MemorySize.Double);
        var sum = b.Binary(BinaryOperation.Add, b.Binary(BinaryOperation.Add, b.Parameter(1), b.Constant(IrType.I64, 1)), before);
        b.Return(b.Convert(Conversion.Truncate, b.Binary(BinaryOperation.Subtract, after, sum)));
    }

    private static void Masks(FunctionBuilder b)
    {
        var small = b.Load(IrType.I32, b.Parameter(0), 4, MemorySize.Byte);
        var wide = b.Convert(Conversion.SignExtend, b.Convert(Conversion.ZeroExtend16, small));
        var kept = b.Binary(BinaryOperation.And, b.Binary(BinaryOperation.ModuloUnsigned, wide, b.Parameter(1)), b.Constant(IrType.I64, 0xff));
        var dropped = b.Binary(BinaryOperation.And, wide, b.Constant(IrType.I64, 0xff));
        b.Return(b.Convert(Conversion.Truncate, b.Binary(BinaryOperation.Or, kept, dropped)));
    }

    private static void Struct(FunctionBuilder b)
    {
        var slot = b.NewSlot(16, 8);
        var address = b.SlotAddress(slot);
        b.Zero(address, 0, 16, 8);
        b.Store(address, 8, MemorySize.Word, b.Load(IrType.I32, b.Parameter(0), 0, MemorySize.Word));
        b.Store(address, 0, MemorySize.Double, b.Parameter(1));
        var escaped = b.NewSlot(12, 4);
        b.Zero(b.SlotAddress(escaped), 0, 12, 4);
        b.Call(5, IrType.I64, [b.SlotAddress(escaped)]);
        b.Return(b.Load(IrType.I32, b.Offset(address, 4), 4, MemorySize.Word));
    }

    // A null check made twice, an order that follows from another, an index that a shift bounds, and one that nothing bounds.
    private static void Twofold(FunctionBuilder b)
    {
        var x = b.Parameter(1);
        var zero = b.Constant(IrType.I64, 0);
        var index = b.Binary(BinaryOperation.ShiftRight, b.Convert(Conversion.Truncate, x), b.Constant(IrType.I32, 27));
        var (some, low, none) = (b.NewBlock(), b.NewBlock(), b.NewBlock());
        b.Branch(Comparison.Equal, x, zero, none, some);
        b.SetBlock(some);
        b.Branch(Comparison.LessUnsigned, x, b.Constant(IrType.I64, 10), low, none);
        b.SetBlock(low);
        var sum = b.Compare(Comparison.NotEqual, x, zero);
        sum = b.Binary(BinaryOperation.Add, sum, b.Compare(Comparison.GreaterUnsigned, x, b.Constant(IrType.I64, 9)));
        sum = b.Binary(BinaryOperation.Add, sum, b.Compare(Comparison.LessSigned, x, b.Constant(IrType.I64, 10)));
        sum = b.Binary(BinaryOperation.Add, sum, b.Compare(Comparison.LessUnsigned, index, b.Constant(IrType.I32, 32)));
        sum = b.Binary(BinaryOperation.Add, sum, b.Compare(Comparison.LessUnsigned, index, b.Constant(IrType.I32, 31)));
        sum = b.Binary(BinaryOperation.Add, sum, b.Compare(Comparison.GreaterUnsigned, x, b.Constant(IrType.I64, 8)));
        b.Return(sum);
        b.SetBlock(none);
        b.Return(b.Compare(Comparison.LessUnsigned, x, b.Constant(IrType.I64, 20)));
    }

    // The key of the second call is that of the first; the third has another, and the fourth is written to by a helper.
    private static void Keys(FunctionBuilder b)
    {
        var map = b.MapAddress("Map");
        Value Key(Value value)
        {
            var address = b.SlotAddress(b.NewSlot(8, 8));
            b.Store(address, 0, MemorySize.Double, value);
            return address;
        }

        b.Call(1, IrType.I64, [map, Key(b.Parameter(1))]);
        b.Call(3, IrType.I64, [map, Key(b.Parameter(1))]);
        b.Call(3, IrType.I64, [map, Key(b.Constant(IrType.I64, 1))]);
        b.Call(16, IrType.I64, [Key(b.Parameter(1)), b.Constant(IrType.I64, 8)]);
        b.Return(b.Constant(IrType.I32, 0));
    }

    // The second key is stored in the first round only, and looked up in each; the third is stored where it is looked up.
    private static void KeysOfLoop(FunctionBuilder b)
    {
        var map = b.MapAddress("Map");
        var (head, first, rest, done) = (b.NewBlock(), b.NewBlock(), b.NewBlock(), b.NewBlock());
        var (key, kept, again) = (b.NewSlot(8, 8), b.NewSlot(8, 8), b.NewSlot(8, 8));
        var i = b.NewValue(IrType.I64);
        b.Assign(i, b.Constant(IrType.I64, 0));
        b.Jump(head);
        b.SetBlock(head);
        b.Store(b.SlotAddress(key), 0, MemorySize.Double, i);
        b.Call(1, IrType.I64, [map, b.SlotAddress(key)]);
        b.Branch(Comparison.Equal, i, b.Constant(IrType.I64, 0), first, rest);
        b.SetBlock(first);
        b.Store(b.SlotAddress(kept), 0, MemorySize.Double, i);
        b.Jump(rest);
        b.SetBlock(rest);
        b.Call(1, IrType.I64, [map, b.SlotAddress(kept)]);
        b.Store(b.SlotAddress(again), 0, MemorySize.Double, i);
        b.Call(3, IrType.I64, [map, b.SlotAddress(again)]);
        b.Assign(i, b.Binary(BinaryOperation.Add, i, b.Constant(IrType.I64, 1)));
        b.Branch(Comparison.LessUnsigned, i, b.Parameter(1), head, done);
        b.SetBlock(done);
        b.Return(b.Constant(IrType.I32, 0));
    }

    // What a helper read is the key of the first lookup; the key of the second was read in the round before.
    private static void KeysFilled(FunctionBuilder b)
    {
        var map = b.MapAddress("Map");
        var (head, done) = (b.NewBlock(), b.NewBlock());
        var (got, after, before) = (b.NewSlot(8, 8), b.NewSlot(8, 8), b.NewSlot(8, 8));
        var left = b.NewValue(IrType.I64);
        b.Assign(left, b.Parameter(1));
        b.Jump(head);
        b.SetBlock(head);
        var old = b.Load(IrType.I64, b.SlotAddress(got), 0, MemorySize.Double);
        b.Call(113, IrType.I64, [b.SlotAddress(got), b.Constant(IrType.I32, 8), left]);
        var value = b.Load(IrType.I64, b.SlotAddress(got), 0, MemorySize.Double);
        b.Store(b.SlotAddress(after), 0, MemorySize.Double, value);
        b.Call(1, IrType.I64, [map, b.SlotAddress(after)]);
        b.Store(b.SlotAddress(before), 0, MemorySize.Double, old);
        b.Call(1, IrType.I64, [map, b.SlotAddress(before)]);
        b.Assign(left, b.Binary(BinaryOperation.Subtract, left, b.Constant(IrType.I64, 1)));
        b.Branch(Comparison.NotEqual, left, b.Constant(IrType.I64, 0), head, done);
        b.SetBlock(done);
        b.Return(b.Constant(IrType.I32, 0));
    }

    // Upward and downward within one object, between two that may be the same (in registers, and through a slot), and two that are not.
    private static void Overlaps(FunctionBuilder b)
    {
        var record = b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("Map")]);
        var other = b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("Map")]);
        b.Copy(b.Offset(record, 8), 0, record, 0, 24, 8);
        b.Copy(record, 0, record, 8, 24, 8);
        b.Copy(record, 8, other, 0, 24, 8);
        b.Copy(record, 0, other, 0, 80, 8);
        b.Copy(b.SlotAddress(b.NewSlot(16, 8)), 0, record, 0, 16, 8);
        b.Return(b.Constant(IrType.I32, 0));
    }

    private static void OverlapOfSlot(FunctionBuilder b)
    {
        var slot = b.SlotAddress(b.NewSlot(24, 8));
        b.Store(slot, 0, MemorySize.Double, b.Parameter(1));
        b.Store(slot, 8, MemorySize.Double, b.Constant(IrType.I64, 8));
        b.Store(slot, 16, MemorySize.Double, b.Constant(IrType.I64, 16));
        b.Copy(slot, 8, slot, 0, 16, 8);
        b.Return(b.Convert(Conversion.Truncate, b.Load(IrType.I64, slot, 16, MemorySize.Double)));
    }

    // A field is read once until a store that may overlap it or a call; what was stored whole is known; stores apart change nothing.
    private static void Fields(FunctionBuilder b)
    {
        var record = b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("Map")]);
        var slot = b.SlotAddress(b.NewSlot(8, 8));
        var sum = b.Load(IrType.I64, record, 8, MemorySize.Double);
        void Again(int offset) => sum = b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, record, offset, MemorySize.Double));
        Again(8);
        b.Store(record, 16, MemorySize.Double, b.Parameter(1));
        b.Store(slot, 0, MemorySize.Double, sum);
        Again(8);
        Again(16);
        b.Store(record, 12, MemorySize.Word, b.Constant(IrType.I32, 1));
        Again(8);
        b.Call(5, IrType.I64, []);
        Again(16);
        b.Return(b.Convert(Conversion.Truncate, sum));
    }

    // An atomic operation on one field: the others, and those of other objects, are read again behind it; what lies on the stack is not.
    private static void Fence(FunctionBuilder b)
    {
        var record = b.Call(1, IrType.PointerTo(PointerSpace.MapValue), [b.MapAddress("Map")]);
        var task = b.Call(158, IrType.PointerTo(PointerSpace.Trusted), []);
        var slot = b.SlotAddress(b.NewSlot(8, 8));
        var sum = b.Parameter(1);
        void Sum()
        {
            sum = b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, record, 8, MemorySize.Double));
            sum = b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, task, 16, MemorySize.Double));
            sum = b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, slot, 0, MemorySize.Double));
        }

        b.Store(slot, 0, MemorySize.Double, b.Parameter(1));
        Sum();
        b.Atomic(AtomicOperation.Exchange, MemorySize.Word, record, 0, b.Constant(IrType.I32, 1));
        Sum();
        b.Return(b.Convert(Conversion.Truncate, sum));
    }

    // The first is used on one way only, the second on two, the third in a loop that its address is made outside of.
    private static void Globals(FunctionBuilder b)
    {
        Value Address(string name) => b.GlobalAddress(new Global(name, DataSection.Zeroed, new byte[8], 8, 0));
        var (once, twice, looped) = (Address("Once"), Address("Twice"), Address("Looped"));
        var (some, loop, done) = (b.NewBlock(), b.NewBlock(), b.NewBlock());
        b.Branch(Comparison.Equal, b.Parameter(1), b.Constant(IrType.I64, 0), done, some);
        b.SetBlock(some);
        b.Store(once, 0, MemorySize.Double, b.Parameter(1));
        b.Store(twice, 0, MemorySize.Double, b.Parameter(1));
        b.Jump(loop);
        b.SetBlock(loop);
        b.Store(looped, 0, MemorySize.Double, b.Parameter(1));
        b.Branch(Comparison.NotEqual, b.Call(5, IrType.I64, []), b.Constant(IrType.I64, 0), loop, done);
        b.SetBlock(done);
        b.Store(twice, 0, MemorySize.Double, b.Constant(IrType.I64, 1));
        b.Return(b.Constant(IrType.I32, 0));
    }

    // Two that are read one after the other share a place; not so one that is read at the end, nor one whose address is stored.
    private static void Turns(FunctionBuilder b)
    {
        var (first, second, last, hidden) = (b.NewSlot(8, 8), b.NewSlot(16, 8), b.NewSlot(8, 8), b.NewSlot(8, 8));
        b.Store(b.SlotAddress(last), 0, MemorySize.Double, b.Parameter(1));
        b.Call(113, IrType.I64, [b.SlotAddress(first), b.Constant(IrType.I32, 8), b.Parameter(1)]);
        var sum = b.Load(IrType.I64, b.SlotAddress(first), 0, MemorySize.Double);
        b.Call(113, IrType.I64, [b.SlotAddress(second), b.Constant(IrType.I32, 16), sum]);
        sum = b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, b.SlotAddress(second), 8, MemorySize.Double));
        b.Store(b.SlotAddress(hidden), 0, MemorySize.Double, sum);
        b.Store(b.Parameter(0), 0, MemorySize.Double, b.SlotAddress(hidden));
        b.Return(b.Convert(Conversion.Truncate, b.Binary(BinaryOperation.Add, sum, b.Load(IrType.I64, b.SlotAddress(last), 0, MemorySize.Double))));
    }

    private static void Event(FunctionBuilder b)
    {
        // The zeros of the fields that are set go, those of the rest stay; the call between is not given the address.
        var slot = b.NewSlot(24, 8);
        var zero = b.Constant(IrType.I64, 0);
        b.Store(b.SlotAddress(slot), 0, MemorySize.Double, zero);
        b.Store(b.SlotAddress(slot), 8, MemorySize.Double, zero);
        b.Store(b.SlotAddress(slot), 16, MemorySize.Double, zero);
        b.Store(b.SlotAddress(slot), 0, MemorySize.Double, b.Call(5, IrType.I64, []));
        b.Store(b.SlotAddress(slot), 8, MemorySize.Word, b.Constant(IrType.I32, 1));
        b.Call(130, IrType.I64, [b.SlotAddress(slot)]);
        b.Store(b.SlotAddress(slot), 0, MemorySize.Double, b.Parameter(1));
        b.Call(130, IrType.I64, [b.SlotAddress(slot)]);
        b.Return(b.Constant(IrType.I32, 0));
    }

    private static void Truncations(FunctionBuilder b)
    {
        // The first is only added to; the second is an argument, which must be clean.
        var sum = b.Binary(BinaryOperation.Add, b.Convert(Conversion.Truncate, b.Parameter(1)), b.Constant(IrType.I32, 1));
        b.Call(5, IrType.I64, [b.Convert(Conversion.Truncate, b.Parameter(1))]);
        b.Return(sum);
    }
}
