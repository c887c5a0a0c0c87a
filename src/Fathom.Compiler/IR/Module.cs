using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.Objects;

namespace Fathom.Compiler.IR;

/// <summary>What a front end hands to the compiler: one object with its functions, maps, globals and types.</summary>
public sealed class Module
{
    private readonly List<Function> _functions = [];
    private readonly List<MapDefinition> _maps = [];
    private readonly List<Global> _globals = [];

    /// <summary>The licence of the object.</summary>
    public string License { get; init; } = "Dual MIT/GPL";

    /// <summary>The types of the object. Front ends add to it; ids are those of the finished object.</summary>
    public BtfBuilder Types { get; } = new();

    /// <summary>The functions, in order of adding.</summary>
    public IReadOnlyList<Function> Functions => _functions;

    /// <summary>The maps, without data sections.</summary>
    public IReadOnlyList<MapDefinition> Maps => _maps;

    /// <summary>The globals, in order of adding.</summary>
    public IReadOnlyList<Global> Globals => _globals;

    /// <summary>Adds a map; the name must be new.</summary>
    public void AddMap(MapDefinition map) => _maps.Add(map);

    /// <summary>Adds a global variable or constant. The compiler lays the sections out in order of adding, each at its alignment.</summary>
    public Global AddGlobal(string name, DataSection section, byte[] initial, int alignment, int typeId)
    {
        var global = new Global(name, section, initial, alignment, typeId);
        _globals.Add(global);
        return global;
    }

    /// <summary>Adds a function, to be filled through a <see cref="FunctionBuilder"/>.</summary>
    /// <param name="name">Its name in the object, at most 15 bytes count in the kernel.</param>
    /// <param name="section">libbpf's section name, or <c>.text</c> for a subprogram.</param>
    /// <param name="parameters">Types of R1 to R5. An entry program has one: its context.</param>
    /// <param name="result">Type of the result.</param>
    /// <param name="typeId">Its <c>BTF_KIND_FUNC</c>.</param>
    public Function AddFunction(string name, string section, IReadOnlyList<IrType> parameters, IrType result, int typeId)
    {
        var function = new Function(name, section, parameters, result, typeId);
        _functions.Add(function);
        return function;
    }
}

/// <summary>Which data section a global lies in.</summary>
public enum DataSection : byte
{
    /// <summary>Frozen before loading (<c>.rodata</c>): the verifier knows its contents.</summary>
    ReadOnly,
    /// <summary>Variables with an initial value (<c>.data</c>).</summary>
    Data,
    /// <summary>Variables that start as zero (<c>.bss</c>).</summary>
    Zeroed,
}

/// <summary>A global variable or constant.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Section">Where it lies.</param>
/// <param name="Initial">What it holds at load; its length is the size of the global.</param>
/// <param name="Alignment">1, 2, 4 or 8.</param>
/// <param name="TypeId">Its type in the module's BTF, 0 if it has none (string literals).</param>
public sealed record Global(string Name, DataSection Section, byte[] Initial, int Alignment, int TypeId);
