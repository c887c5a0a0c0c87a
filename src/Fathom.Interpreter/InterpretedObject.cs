using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>What may be changed between reading an object and putting it into a machine.</summary>
public sealed class InterpretedObjectOptions
{
    /// <summary>
    /// The types to which CO-RE relocations are resolved; null for the object's own, by which the layout of each kernel struct is that of the program's view of it.
    /// </summary>
    public BtfData? KernelTypes { get; init; }

    /// <summary>
    /// Answers whether a field, type or enumerator exists, which a program asks with CO-RE: it is given the object's words for it
    /// (<c>struct request.q</c>) and the answer of the types. Null for the answer of the types.
    /// </summary>
    public Func<string, bool, bool>? Exists { get; init; }

    /// <summary>Addresses of kernel symbols (<c>__ksym</c>) by name: memory that the host has made.</summary>
    public IReadOnlyDictionary<string, ulong> KernelSymbols { get; init; } = ImmutableDictionary<string, ulong>.Empty;

    /// <summary>Entries of maps, by name, in place of those of the object.</summary>
    public IReadOnlyDictionary<string, int> MaxEntries { get; init; } = ImmutableDictionary<string, int>.Empty;
}

/// <summary>An object in a machine: its maps are made; its programs are relocated when they are first asked for.</summary>
public sealed class InterpretedObject
{
    private readonly BpfObject _definition;
    private readonly InterpretedObjectOptions _options;
    private readonly Dictionary<string, InterpretedMap> _maps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InterpretedProgram> _programs = new(StringComparer.Ordinal);
    private CoreCandidates? _candidates;

    private InterpretedObject(Machine machine, BpfObject definition, InterpretedObjectOptions options)
    {
        Machine = machine;
        _definition = definition;
        _options = options;
        foreach (MapDefinition map in definition.Maps)
        {
            // An empty section is no map to the kernel, and nothing can refer to it.
            if (map.InitialValue is null || map.ValueSize > 0)
            {
                // Where the loader must say how many entries, it says CPUs: that is what perf buffers take.
                int entries = options.MaxEntries.TryGetValue(map.Name, out int given) ? given : map.MaxEntries;
                _maps.Add(map.Name, machine.AddMap(map with { MaxEntries = entries == 0 ? machine.CpuCount : entries }));
            }
        }
    }

    /// <summary>The machine.</summary>
    public Machine Machine { get; }

    /// <summary>The object as it was read.</summary>
    public BpfObject Definition => _definition;

    /// <summary>The maps by name; data sections (<c>.data</c>, <c>.bss</c>, <c>.rodata</c>) are arrays of one value.</summary>
    public IReadOnlyDictionary<string, InterpretedMap> Maps => _maps;

    /// <summary>Puts an object into a machine.</summary>
    /// <param name="machine">The machine; maps are added to it.</param>
    /// <param name="definition">The object.</param>
    /// <param name="options">What else may be changed.</param>
    /// <exception cref="ArgumentException">The kernel refuses a map too, or it is too large for the interpreter.</exception>
    public static InterpretedObject Load(Machine machine, BpfObject definition, InterpretedObjectOptions? options = null) =>
        new(machine ?? throw new ArgumentNullException(nameof(machine)), definition ?? throw new ArgumentNullException(nameof(definition)), options ?? new());

    /// <summary>A program, relocated and decoded when it is first asked for.</summary>
    /// <param name="name">The name of the function.</param>
    /// <exception cref="Format.BadFormatException">There is none of that name, or the object contradicts itself.</exception>
    /// <exception cref="KeyNotFoundException">The program needs a kernel symbol that <see cref="InterpretedObjectOptions.KernelSymbols"/> does not have.</exception>
    public InterpretedProgram GetProgram(string name)
    {
        if (!_programs.TryGetValue(name, out InterpretedProgram? program))
        {
            LinkedProgram linked = Linker.Link(_definition, name);
            ImmutableArray<Instruction>.Builder code = Relocate(linked).ToBuilder();
            foreach (Reference reference in linked.References)
            {
                code[reference.Instruction] = Resolve(code[reference.Instruction], reference);
            }

            program = InterpretedProgram.Create(linked with { Instructions = code.MoveToImmutable() });
            _programs.Add(name, program);
        }

        return program;
    }

    /// <summary>Runs a program.</summary>
    /// <param name="name">The name of the function.</param>
    /// <param name="context">The bytes to which R1 points; what the program writes there is written back.</param>
    /// <exception cref="InterpreterException">The program did what no verified program does; the derived type says what.</exception>
    public RunResult Run(string name, Span<byte> context = default) => Machine.Run(GetProgram(name), context);

    private ImmutableArray<Instruction> Relocate(LinkedProgram linked)
    {
        if (linked.CoreRelocations.IsEmpty)
        {
            return linked.Instructions;
        }

        if (_candidates is null)
        {
            BtfData local = BtfData.Parse(_definition.Btf);
            _candidates = new CoreCandidates(local, _options.KernelTypes ?? local);
        }

        RelocatedInstructions relocated = CoreEngine.Relocate(linked.Instructions, linked.CoreRelocations, _candidates);
        if (_options.Exists is not { } exists)
        {
            return relocated.Instructions;
        }

        ImmutableArray<Instruction>.Builder code = relocated.Instructions.ToBuilder();
        foreach (CoreResult result in relocated.Results)
        {
            if (result.Relocation.Kind is CoreRelocationKind.FieldExists or CoreRelocationKind.TypeExists or CoreRelocationKind.EnumValueExists or CoreRelocationKind.TypeMatches)
            {
                int index = result.Relocation.Instruction;
                code[index] = code[index] with { Immediate = exists(result.Explanation, result.TargetValue != 0) ? 1 : 0 };
            }
        }

        return code.MoveToImmutable();
    }

    private Instruction Resolve(in Instruction instruction, in Reference reference)
    {
        switch (reference.Kind)
        {
            case ReferenceKind.Map:
                return Instruction.LoadImmediate64(instruction.Destination, _maps[reference.Target].Descriptor, ImmediateKind.MapDescriptor);
            case ReferenceKind.Data:
                return Instruction.LoadImmediate64(
                    instruction.Destination, (reference.Addend << 32) | (uint)_maps[reference.Target].Descriptor, ImmediateKind.MapValue);
            case ReferenceKind.KernelSymbol when instruction.IsLoadImmediate64:
                return _options.KernelSymbols.TryGetValue(reference.Target, out ulong address) || reference.IsWeak
                    ? Instruction.LoadImmediate64(instruction.Destination, (long)address)
                    : throw new KeyNotFoundException($"The program refers to the kernel's {reference.Target}: give its address in {nameof(InterpretedObjectOptions.KernelSymbols)}.");
            default:
                throw new KeyNotFoundException($"The program calls the kernel's {reference.Target}, which the interpreter does not have.");
        }
    }
}
