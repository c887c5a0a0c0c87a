using System;
using System.Linq;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>Programs are put together in order, distances count slots, everything else counts instructions.</summary>
public sealed class LinkerTests
{
    [Fact]
    public void Subprograms_follow_in_the_order_of_first_reaching_and_indexes_move_with_them()
    {
        LinkedProgram program = Linker.Link(SampleObject.Make(), "count");
        Assert.Equal(["count", "add_one", "body"], program.Functions.Select(static f => f.Name));
        Assert.Equal([0, 17, 22], program.Functions.Select(static f => f.Instruction));
        Assert.Equal(
            [new Reference(2, ReferenceKind.Map, "counts"), new Reference(6, ReferenceKind.Data, ".rodata", 8), new Reference(18, ReferenceKind.Data, ".rodata")],
            program.References.AsEnumerable());
        Assert.Equal([0, 2, 17, 19, 22, 24], program.Lines.Select(static l => l.Instruction));
        Assert.Equal([-1, 1, -1, 3, -1, 5], program.Lines.Select(static l => l.Inlined));
        Assert.Equal([-1, 0, -1, 2, -1, 4], program.InlinedCalls.Select(static c => c.Outer));
    }

    [Fact]
    public void Distances_count_slots_from_the_slot_after_the_first_of_the_instruction()
    {
        LinkedProgram program = Linker.Link(SampleObject.Make(), "count");
        Assert.Equal(20 - 10 - 1, program.Instructions[8].Immediate);
        Assert.Equal(Instruction.LoadImmediate64(Register.R2, 26 - 12 - 1, ImmediateKind.Function), program.Instructions[10]);
        Assert.Equal(Instruction.Call(CallKind.Subprogram, 20 - 26 - 1), program.Instructions[22]);
    }

    [Fact]
    public void Relocations_move_with_their_function()
    {
        BpfObject sample = SampleObject.Make();
        CoreRelocation relocation = new(3, 4, "0:0", CoreRelocationKind.FieldByteOffset);
        BpfObject changed = sample with { Functions = sample.Functions.SetItem(2, sample.Functions[2] with { CoreRelocations = [relocation] }) };
        Assert.Equal(relocation with { Instruction = 20 }, Assert.Single(Linker.Link(changed, "count").CoreRelocations));
    }

    [Fact]
    public void What_cannot_be_linked_is_refused()
    {
        BpfObject sample = SampleObject.Make();
        Assert.Contains("no function nobody", Refused(sample, "nobody"), StringComparison.Ordinal);
        Assert.Contains("refers to add_one", Refused(sample with { Functions = sample.Functions.RemoveAt(2) }, "count"), StringComparison.Ordinal);
        BpfFunction wrong = sample.Functions[0] with { References = [new Reference(0, ReferenceKind.Call, "add_one")] };
        Assert.Contains("not at a call", Refused(sample with { Functions = sample.Functions.SetItem(0, wrong) }, "count"), StringComparison.Ordinal);
        BpfFunction outside = sample.Functions[0] with { References = [new Reference(99, ReferenceKind.Call, "add_one")] };
        Assert.Contains("no such instruction", Refused(sample with { Functions = sample.Functions.SetItem(0, outside) }, "count"), StringComparison.Ordinal);

        static string Refused(BpfObject value, string entry) => Assert.Throws<BadFormatException>(() => Linker.Link(value, entry)).Message;
    }

    [Fact]
    public void Every_entry_of_every_foreign_object_links()
    {
        int programs = 0;
        foreach ((string name, byte[] bytes) in TestObjects.LibbpfTools())
        {
            BpfObject value = ObjectFile.Parse(bytes);
            foreach (BpfFunction entry in value.Functions.Where(static f => f.IsEntry))
            {
                LinkedProgram program = Linker.Link(value, entry.Name);
                Assert.True(InstructionEncoder.Encode(program.Instructions.AsSpan()).Length > 0, name);
                programs++;
            }
        }

        Assert.True(programs > 50);
    }
}
