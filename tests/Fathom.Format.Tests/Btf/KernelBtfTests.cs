using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Format.Btf;
using Xunit;

namespace Fathom.Format.Tests.Btf;

public class KernelBtfTests
{
    [Theory]
    [InlineData(KernelBtf.Running)]
    [InlineData(KernelBtf.Corpus)]
    public void All_types_read_as_bpftool_reads_them(string kernel)
    {
        string expected = KernelBtf.Bpftool("btf", "dump", "file", KernelBtf.PathOf(kernel));
        var text = new StringWriter { NewLine = "\n" };
        BtfDumper.Write(BtfData.Parse(KernelBtf.Read(kernel)), text);

        string[] wanted = expected.Split('\n');
        string[] found = text.ToString().Split('\n');
        Assert.True(wanted.Length > 100_000, $"bpftool printed {wanted.Length} lines only");
        for (int i = 0; i < wanted.Length; i++)
        {
            Assert.Equal(wanted[i], found.ElementAtOrDefault(i));
        }

        Assert.Equal(wanted.Length, found.Length);
    }

    [Theory]
    [InlineData(KernelBtf.Running)]
    [InlineData(KernelBtf.Corpus)]
    public void All_types_can_be_built_again(string kernel)
    {
        BtfData original = BtfData.Parse(KernelBtf.Read(kernel));
        var copier = new BtfCopier(original);
        BtfData copy = BtfData.Parse(copier.Copy());
        Assert.True(copy.TypeCount > 50_000);
        for (int id = 0; id < original.TypeCount; id++)
        {
            copier.AssertEqual(original.GetType(id), copy.GetType(copier.Map(id)));
        }
    }

    [Theory]
    [InlineData(KernelBtf.Running)]
    [InlineData(KernelBtf.Corpus)]
    public void Search_finds_what_a_slow_scan_finds(string kernel)
    {
        BtfData btf = BtfData.Parse(KernelBtf.Read(kernel));
        BtfTypeName[] names =
        [
            new(BtfKind.Struct, "request"), new(BtfKind.Struct, "task_struct"), new(BtfKind.Enum, "hrtimer_restart"), new(BtfKind.Function, "vfs_read"),
            new(BtfKind.Typedef, "btf_trace_sched_switch"), new(BtfKind.Union, "request"), new(BtfKind.Struct, "reques"), new(BtfKind.Int, "int"),
        ];
        var ids = new int[names.Length];
        int count = btf.FindAll(names, ids);
        int[] slow = [.. names.Select(name => Enumerable.Range(1, btf.TypeCount - 1)
            .FirstOrDefault(id => btf.GetType(id) is var type && type.Kind == name.Kind && type.Name == name.Name))];

        Assert.Equal(slow, ids);
        Assert.Equal(6, count);
        Assert.Equal(slow, names.Select(name => btf.Find(name.Kind, name.Name)));
    }

    [Fact]
    public void Tracepoints_lead_to_the_types_of_their_arguments()
    {
        BtfData btf = BtfData.Parse(KernelBtf.Read(KernelBtf.Running));
        int pointer = btf.GetType(btf.Find(BtfKind.Typedef, "btf_trace_sched_process_exit")).TargetId;
        BtfType prototype = btf.GetType(btf.GetType(pointer).TargetId);

        // The first parameter is the tracepoint's own data, the second is the task.
        Assert.Equal((BtfKind.Pointer, BtfKind.FunctionPrototype), (btf.GetType(pointer).Kind, prototype.Kind));
        BtfType argument = btf.GetType(btf.SkipModifiers(prototype.GetParameter(1).TypeId));
        Assert.Equal((BtfKind.Pointer, "task_struct"), (argument.Kind, btf.GetType(btf.SkipModifiers(argument.TargetId)).Name));
    }

    /// <summary>Builds the types of a BTF again; ids change, because equal types are added once and structs come first.</summary>
    private sealed class BtfCopier(BtfData original)
    {
        private readonly BtfBuilder _builder = new();
        private readonly int[] _ids = new int[original.TypeCount];

        public int Map(int id) => _ids[id];

        public byte[] Copy()
        {
            for (int id = 1; id < original.TypeCount; id++)
            {
                if (original.GetType(id) is { IsComposite: true } type)
                {
                    _ids[id] = _builder.ReserveStruct(type.Name, type.IsUnion);
                }
            }

            for (int id = 1; id < original.TypeCount; id++)
            {
                Add(id);
            }

            for (int id = 1; id < original.TypeCount; id++)
            {
                if (original.GetType(id) is { IsComposite: true } type)
                {
                    _builder.DefineStruct(_ids[id], type.Size, [.. Parts(type, type.GetMember).Select(m => m with { TypeId = Add(m.TypeId) })]);
                }
            }

            return _builder.ToArray();
        }

        public void AssertEqual(BtfType type, BtfType copy)
        {
            Assert.Equal(
                (type.Kind, type.Name, type.Size, Map(type.TargetId), type.ElementCount, type.IsSigned, type.IsBool, type.Linkage, type.ComponentIndex),
                (copy.Kind, copy.Name, copy.Size, copy.TargetId, copy.ElementCount, copy.IsSigned, copy.IsBool, copy.Linkage, copy.ComponentIndex));
            if (type.Kind != BtfKind.Array)
            {
                Assert.Equal(type.Count, copy.Count);
            }

            for (int i = 0; type.Kind != BtfKind.Array && i < type.Count; i++)
            {
                switch (type.Kind)
                {
                    case BtfKind.Struct or BtfKind.Union:
                        Assert.Equal(type.GetMember(i) with { TypeId = Map(type.GetMember(i).TypeId) }, copy.GetMember(i));
                        break;
                    case BtfKind.Enum or BtfKind.Enum64:
                        Assert.Equal(type.GetEnumerator(i), copy.GetEnumerator(i));
                        break;
                    case BtfKind.FunctionPrototype:
                        Assert.Equal(type.GetParameter(i) with { TypeId = Map(type.GetParameter(i).TypeId) }, copy.GetParameter(i));
                        break;
                    case BtfKind.DataSection:
                        Assert.Equal(type.GetSectionVariable(i) with { TypeId = Map(type.GetSectionVariable(i).TypeId) }, copy.GetSectionVariable(i));
                        break;
                }
            }
        }

        private int Add(int id)
        {
            if (id == 0 || _ids[id] != 0)
            {
                return _ids[id];
            }

            BtfType type = original.GetType(id);
            int target = Add(type.TargetId);
            return _ids[id] = type.Kind switch
            {
                BtfKind.Int => _builder.AddInt(type.Name, type.Size, type.IsSigned, type.IsBool, type.IsChar),
                BtfKind.Pointer => _builder.AddPointer(target),
                BtfKind.Array => _builder.AddArray(target, type.ElementCount),
                BtfKind.Enum or BtfKind.Enum64 => _builder.AddEnum(type.Name, type.Size, type.IsSigned, Parts(type, type.GetEnumerator)),
                BtfKind.Forward => _builder.AddForward(type.Name, type.IsUnion),
                BtfKind.Typedef => _builder.AddTypedef(type.Name, target),
                BtfKind.Float => _builder.AddFloat(type.Name, type.Size),
                BtfKind.Function => _builder.AddFunction(type.Name, target, type.Linkage),
                BtfKind.FunctionPrototype => _builder.AddFunctionPrototype(
                    target, [.. Parts(type, type.GetParameter).Select(p => p with { TypeId = Add(p.TypeId) })]),
                BtfKind.Variable => _builder.AddVariable(type.Name, target, type.Linkage),
                BtfKind.DataSection => _builder.AddDataSection(
                    type.Name, type.Size, [.. Parts(type, type.GetSectionVariable).Select(v => v with { TypeId = Add(v.TypeId) })]),
                BtfKind.DeclarationTag => _builder.AddDeclarationTag(type.Name, target, type.ComponentIndex),
                _ => _builder.AddModifier(type.Kind, target, type.Name),
            };
        }

        private static List<T> Parts<T>(BtfType type, System.Func<int, T> get) => [.. Enumerable.Range(0, type.Count).Select(get)];
    }
}
