using System;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Format.Tests.Objects;

/// <summary>An object as a compiler makes it: it uses everything that an object can say and that a kernel takes.</summary>
internal static class SampleObject
{
    public static BpfObject Make()
    {
        BtfBuilder btf = new();
        int number = btf.AddInt("int", 4, isSigned: true);
        int key = btf.AddInt("unsigned int", 4);
        int value = btf.AddInt("unsigned long long", 8);
        int context = btf.AddPointer(btf.AddStruct("sample_context", 4, [new BtfMember("length", key, 0)]));
        int entryType = btf.AddFunctionPrototype(number, [new BtfParameter("context", context)]);
        int entry = btf.AddFunction("count", entryType, BtfLinkage.Global);
        int second = btf.AddFunction("other", entryType, BtfLinkage.Global);
        int helper = btf.AddFunction("add_one", btf.AddFunctionPrototype(number, [new BtfParameter("by", key)]), BtfLinkage.Static);
        int body = btf.AddFunction("body", btf.AddFunctionPrototype(number, [new BtfParameter("index", key), new BtfParameter("state", btf.AddPointer(0))]), BtfLinkage.Static);
        int step = btf.AddVariable("step", btf.AddModifier(BtfKind.Const, key), BtfLinkage.Global);
        int limit = btf.AddVariable("limit", btf.AddModifier(BtfKind.Const, value), BtfLinkage.Global);
        int seen = btf.AddVariable("seen", value, BtfLinkage.Global);
        int start = btf.AddVariable("start", value, BtfLinkage.Global);
        int readOnlyData = btf.AddDataSection(".rodata", 16, [new BtfSectionVariable(step, 0, 4), new BtfSectionVariable(limit, 8, 8)]);
        int zeroData = btf.AddDataSection(".bss", 8, [new BtfSectionVariable(seen, 0, 8)]);
        int data = btf.AddDataSection(".data", 8, [new BtfSectionVariable(start, 0, 8)]);
        MapDefinition counts = new() { Name = "counts", Type = MapType.Hash, KeySize = 4, ValueSize = 8, MaxEntries = 64, Flags = 1, KeyTypeId = key, ValueTypeId = value };
        MapDefinition events = new() { Name = "events", Type = MapType.RingBuffer, MaxEntries = 4096 };
        MapTypes.Add(btf, [counts, events]);

        BpfObject result = new()
        {
            License = "Dual MIT/GPL",
            Btf = btf.ToArray(),
            Maps =
            [
                counts,
                events,
                DataSection(".rodata", readOnlyData, [.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes(9L)], isReadOnly: true),
                DataSection(".bss", zeroData, new byte[8]),
                DataSection(".data", data, BitConverter.GetBytes(5L)),
            ],
        };
        return result with
        {
            Functions =
            [
                Function(result, "count", "socket", entry, """
                    mov %r6, %r1
                    stw [%r10-4], 7
                    lddw %r1, map_by_fd(0)
                    mov %r2, %r10
                    add %r2, -4
                    call 1
                    lddw %r7, map_val_by_fd(0, 0)
                    ldxdw %r1, [%r7]
                    call local +0
                    mov %r1, %r0
                    lddw %r2, code_addr(+0)
                    mov %r1, 4
                    mov %r3, 0
                    mov %r4, 0
                    call 181
                    mov %r0, 0
                    exit
                    """, [Map(2, "counts"), Data(6, ".rodata", 8), Call(8, "add_one"), Address(10, "body")]),
                Function(result, "other", "socket", second, """
                    lddw %r1, map_val_by_fd(0, 0)
                    stdw [%r1], 3
                    lddw %r1, map_val_by_fd(0, 0)
                    ldxdw %r1, [%r1]
                    call local +0
                    exit
                    """, [Data(0, ".bss", 0), Data(2, ".data", 0), Call(4, "add_one")]),
                Function(result, "add_one", ".text", helper, """
                    mov %r0, %r1
                    lddw %r2, map_val_by_fd(0, 0)
                    ldxw %r2, [%r2]
                    add %r0, %r2
                    exit
                    """, [Data(1, ".rodata", 0)]),
                Function(result, "body", ".text", body, """
                    call local +0
                    mov %r0, 0
                    exit
                    """, [Call(0, "add_one")]),
            ],
        };
    }

    private static MapDefinition DataSection(string name, int type, byte[] value, bool isReadOnly = false) => new()
    {
        Name = name,
        Type = MapType.Array,
        KeySize = 4,
        ValueSize = value.Length,
        MaxEntries = 1,
        Flags = isReadOnly ? 0x80u : 0x400u,
        ValueTypeId = type,
        InitialValue = value,
        IsReadOnlyData = isReadOnly,
    };

    private static BpfFunction Function(BpfObject owner, string name, string section, int type, string text, Reference[] references) => new()
    {
        Name = name,
        Section = section,
        TypeId = type,
        References = [.. references],
        Instructions = [.. Assembler.Assemble(text).Select(static i => i.Source != 0 && i.IsCall ? i with { Immediate = 0 } : i)],
        Lines = [new LineInfo(0, "Sample.cs", $"static int {name}() // {owner.License}", 3, 5), new LineInfo(2, "Sample.cs", "    return 0;", 4, 5, 8, 1)],
        InlinedCalls = [new InlinedCall("Outer", "Sample.cs", 9, 3, -1), new InlinedCall("Inner", "Other.cs", 7, 1, 0)],
    };

    private static Reference Map(int at, string name) => new(at, ReferenceKind.Map, name);

    private static Reference Data(int at, string name, long offset) => new(at, ReferenceKind.Data, name, offset);

    private static Reference Call(int at, string name) => new(at, ReferenceKind.Call, name);

    private static Reference Address(int at, string name) => new(at, ReferenceKind.FunctionAddress, name);
}
