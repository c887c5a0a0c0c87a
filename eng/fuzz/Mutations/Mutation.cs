using System;
using Fathom.Compiler;
using Fathom.Compiler.CodeGeneration;
using Fathom.Compiler.IR;

namespace Fathom.Fuzzing.Mutations;

/// <summary>A mistake that a compiler could make. Where it is made: after a step on the intermediate form, or in the finished code.</summary>
internal sealed class Mutation : IMutation
{
    private readonly string _step;
    private readonly Action<Function>? _function;
    private readonly Action<MachineFunction>? _code;

    /// <summary>A mistake in the intermediate form.</summary>
    public Mutation(string name, string step, Action<Function> change) => (Name, _step, _function) = (name, step, change);

    /// <summary>A mistake in the code.</summary>
    public Mutation(string name, Action<MachineFunction> change) => (Name, _step, _code) = (name, "code", change);

    public string Name { get; }

    public void Change(Function function, string step)
    {
        // A pass that runs several times makes the mistake each time.
        if (step == _step)
        {
            _function?.Invoke(function);
        }
    }

    public void Change(MachineFunction function) => _code?.Invoke(function);
}
