using System.Collections.Immutable;
using Fathom.Format.Btf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Runtime.Tests;

/// <summary>Objects made by hand.</summary>
internal static class Samples
{
    public const string License = "Dual MIT/GPL";

    /// <summary>A program that returns a number.</summary>
    public static BpfFunction Returning(string name, string section, int value) => new()
    {
        Name = name,
        Section = section,
        Instructions = [Instruction.Alu64(AluOperation.Move, Register.R0, value), Instruction.Exit()],
    };

    /// <summary>An object of functions and maps.</summary>
    public static BpfObject Object(ImmutableArray<BpfFunction> functions, ImmutableArray<MapDefinition> maps = default) => new()
    {
        License = License,
        Functions = functions,
        Maps = maps.IsDefault ? [] : maps,
    };

    /// <summary>A map.</summary>
    public static MapDefinition Map(MapType type, int keySize, int valueSize, int entries, string name = "map") => new()
    {
        Name = name,
        Type = type,
        KeySize = keySize,
        ValueSize = valueSize,
        MaxEntries = entries,
    };

    /// <summary>An object with one map and no program.</summary>
    public static BpfObject OneMap(MapType type, int keySize, int valueSize, int entries) => Object([], [Map(type, keySize, valueSize, entries)]);

    /// <summary>A program that adds one to the 64-bit number at the start of a section or a map's value, and returns what was there.</summary>
    public static BpfFunction Counting(string name, string section, string data) => new()
    {
        Name = name,
        Section = section,
        Instructions =
        [
            Instruction.LoadImmediate64(Register.R1, 0),
            Instruction.Alu64(AluOperation.Move, Register.R2, 1),
            Instruction.Load(MemorySize.Double, Register.R0, Register.R1, 0),
            Instruction.Atomic(AtomicOperation.Add, MemorySize.Double, Register.R1, 0, Register.R2),
            .. section.StartsWith("raw_tp/", System.StringComparison.Ordinal) || section.StartsWith("tp_btf/", System.StringComparison.Ordinal)
                ? [Instruction.Alu64(AluOperation.Move, Register.R0, 0)]
                : ImmutableArray<Instruction>.Empty,
            Instruction.Exit(),
        ],
        References = [new Reference(0, ReferenceKind.Data, data)],
    };

    /// <summary>A data section as a map.</summary>
    public static MapDefinition Section(string name, byte[] contents, bool isReadOnly = false) => new()
    {
        Name = name,
        Type = MapType.Array,
        KeySize = 4,
        ValueSize = contents.Length,
        MaxEntries = 1,
        InitialValue = contents,
        IsReadOnlyData = isReadOnly,
    };

    /// <summary>Types for a function and its source positions.</summary>
    public static (byte[] Btf, int Function) FunctionTypes(string name)
    {
        var builder = new BtfBuilder();
        int number = builder.AddInt("int", 4, isSigned: true);
        int pointer = builder.AddPointer(0);
        int prototype = builder.AddFunctionPrototype(number, [new BtfParameter("context", pointer)]);
        int function = builder.AddFunction(name, prototype, BtfLinkage.Global);
        return (builder.ToArray(), function);
    }
}

/// <summary>What tests of the running kernel need.</summary>
internal static class Require
{
    /// <summary>Skips the test unless this process may load programs.</summary>
    public static Runtime.Kernel Root()
    {
        Runtime.Kernel kernel = Runtime.Kernel.Running;
        CapabilitySet missing = kernel.Capabilities.MissingOf(CapabilitySet.Bpf | CapabilitySet.PerfMon | CapabilitySet.NetAdmin);
        Assert.SkipUnless(missing.IsEmpty, $"Loading programs needs {missing}.");
        return kernel;
    }

    /// <summary>Skips the test unless tracefs is mounted or may be.</summary>
    public static void Tracefs() => Assert.SkipUnless(
        System.IO.File.Exists("/sys/kernel/tracing/events/header_page") || Runtime.Kernel.Running.Capabilities.Contains(CapabilitySet.SysAdmin),
        "Perf tracepoints need tracefs, which is not mounted at /sys/kernel/tracing, and mounting it needs CAP_SYS_ADMIN.");
}
