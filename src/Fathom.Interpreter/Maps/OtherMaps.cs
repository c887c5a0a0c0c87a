using System;
using System.Collections.Generic;
using Fathom.Format.Linux;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>Programs for tail calls (<c>BPF_MAP_TYPE_PROG_ARRAY</c>).</summary>
public sealed class ProgramArrayMap : InterpretedMap
{
    private readonly InterpretedProgram?[] _programs;

    internal ProgramArrayMap(MapDefinition definition)
        : base(definition) => _programs = new InterpretedProgram?[definition.MaxEntries];

    /// <summary>The program at an index; null if there is none.</summary>
    public InterpretedProgram? this[int index]
    {
        get => _programs[index];
        set => _programs[index] = value;
    }

    internal InterpretedProgram? Find(uint index) => index < (uint)_programs.Length ? _programs[index] : null;

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu) => 0;

    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags) => -Errno.EINVAL;
}

/// <summary>Perf buffers (<c>BPF_MAP_TYPE_PERF_EVENT_ARRAY</c>), which here hold any number of records.</summary>
public sealed class PerfEventArrayMap : InterpretedMap
{
    private readonly Queue<byte[]> _records = new();

    internal PerfEventArrayMap(MapDefinition definition)
        : base(definition)
    {
    }

    /// <summary>Takes the next record; null if there is none.</summary>
    public byte[]? Read() => _records.Count > 0 ? _records.Dequeue() : null;

    internal void Write(ReadOnlySpan<byte> record) => _records.Enqueue(record.ToArray());

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu) => 0;

    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags) => -Errno.EINVAL;
}

/// <summary>A map of a type that the interpreter does not have: it is there, so that programs that do not use it can run.</summary>
public sealed class UnsupportedMap : InterpretedMap
{
    internal UnsupportedMap(MapDefinition definition)
        : base(definition)
    {
    }

    internal override ulong Lookup(ReadOnlySpan<byte> key, int cpu) => throw Unsupported("lookups");

    internal override int Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags) => throw Unsupported("updates");
}
