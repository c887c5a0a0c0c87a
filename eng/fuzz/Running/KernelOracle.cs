using System;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;
using Fathom.Runtime;

namespace Fathom.Fuzzing.Running;

/// <summary>A program in the running kernel.</summary>
internal sealed class KernelOracle : IDisposable
{
    private readonly LoadedObject _loaded;
    private readonly BpfMap _map;
    private readonly BpfProgram _program;
    private readonly ulong[] _slot = new ulong[3 + Writing.RandomMethod.Outputs];

    public KernelOracle(BpfObject program)
    {
        _loaded = LoadedObject.Load(Kernel.Running, program);
        _map = _loaded.GetMap("Io");
        _program = _loaded.GetProgram("Run");
    }

    public Outcome Run(Input input)
    {
        uint key = 0;
        ReadOnlySpan<byte> keyBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key));
        (_slot[0], _slot[1], _slot[2]) = (input.A, input.B, Outcome.Untouched);
        input.Outputs.CopyTo(_slot, 3);
        _map.Update(keyBytes, MemoryMarshal.AsBytes(_slot.AsSpan()));
        uint end = _program.TestRun().ReturnValue;
        _map.TryLookup(keyBytes, MemoryMarshal.AsBytes(_slot.AsSpan()));
        return new Outcome(end, _slot[2], _slot[3..]);
    }

    public void Dispose() => _loaded.Dispose();
}
