using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Compiler.Tests.Kernel;

/// <summary>One program of an object in the kernel, with its maps.</summary>
internal sealed class LoadedProgram : IDisposable
{
    private readonly Dictionary<string, int> _maps = [];
    private readonly int _program;

    public LoadedProgram(BpfObject value, string entry, int type = 31)
    {
        var linked = Linker.Link(value, entry);
        var code = linked.Instructions.ToArray();
        foreach (var map in value.Maps)
        {
            // Each run has its own maps, and data sections hold what the object says.
            int descriptor = Bpf.CreateMap(map.Type, map.KeySize, map.ValueSize, map.MaxEntries, map.Flags);
            _maps.Add(map.Name, descriptor);
            if (map.InitialValue is { } initial)
            {
                Bpf.Write(descriptor, 0, initial.Span);
                if (map.IsReadOnlyData)
                {
                    Bpf.Freeze(descriptor);
                }
            }
        }

        foreach (var reference in linked.References)
        {
            var target = code[reference.Instruction].Destination;
            code[reference.Instruction] = reference.Kind switch
            {
                ReferenceKind.Map => Instruction.LoadImmediate64(target, _maps[reference.Target], ImmediateKind.MapDescriptor),
                ReferenceKind.Data => Instruction.LoadImmediate64(
                    target, (reference.Addend << 32) | (uint)_maps[reference.Target], ImmediateKind.MapValue),
                _ => code[reference.Instruction],
            };
        }

        Instructions = code.Length;
        Slots = code.Sum(i => i.SlotCount);
        (_program, Verified) = Bpf.Load(code, type);
    }

    public int Instructions { get; }

    public int Slots { get; }

    /// <summary>Instructions that the verifier walked through.</summary>
    public int Verified { get; }

    public uint Run() => Bpf.Run(_program);

    public void Write(string map, ReadOnlySpan<byte> value) => Bpf.Write(_maps[map], 0, value);

    public void Read(string map, Span<byte> value) => Bpf.Read(_maps[map], 0, value);

    public void Dispose()
    {
        Bpf.Close(_program);
        foreach (int map in _maps.Values)
        {
            Bpf.Close(map);
        }
    }
}
