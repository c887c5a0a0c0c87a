using System;
using System.Runtime.InteropServices;
using Fathom.Format.Objects;
using Fathom.Interpreter;

namespace Fathom.Fuzzing.Running;

/// <summary>A program in the interpreter, which needs no root and checks every access to memory.</summary>
internal sealed class InterpreterOracle
{
    private readonly Machine _machine = new() { StepLimit = 10_000_000 };
    private readonly InterpretedProgram _program;
    private readonly InterpretedMap _map;
    private readonly byte[] _key = new byte[4];

    public InterpreterOracle(BpfObject program)
    {
        InterpretedObject loaded = InterpretedObject.Load(_machine, program);
        _program = loaded.GetProgram("Run");
        _map = loaded.Maps["Io"];
    }

    /// <summary>One run.</summary>
    /// <exception cref="InterpreterException">The program did what no verified program does.</exception>
    public Outcome Run(Input input)
    {
        Span<ulong> slot = MemoryMarshal.Cast<byte, ulong>(_map.GetValue(_key));
        (slot[0], slot[1], slot[2]) = (input.A, input.B, Outcome.Untouched);
        input.Outputs.CopyTo(slot[3..]);
        uint end = (uint)_machine.Run(_program).ReturnValue;
        return new Outcome(end, slot[2], slot[3..].ToArray());
    }
}
