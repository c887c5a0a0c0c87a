using System;
using Fathom.Format.Instructions;

namespace Fathom.Format.Objects;

/// <summary>How an instruction with a reference looks until the reference is resolved: its source field says the kind, its immediate is zero.</summary>
internal static class CanonicalForm
{
    /// <summary>The canonical form of an instruction for a kind of reference.</summary>
    /// <exception cref="ArgumentException">An instruction of this kind cannot have such a reference.</exception>
    internal static Instruction Of(in Instruction instruction, ReferenceKind kind)
    {
        if (instruction.Opcode == 0x85 && kind is (ReferenceKind.Call or ReferenceKind.KernelSymbol))
        {
            return Instruction.Call(kind == ReferenceKind.Call ? CallKind.Subprogram : CallKind.KernelFunction, 0);
        }

        return instruction.IsLoadImmediate64 && kind != ReferenceKind.Call
            ? Instruction.LoadImmediate64(instruction.Destination, 0, kind switch
            {
                ReferenceKind.Map => ImmediateKind.MapDescriptor,
                ReferenceKind.Data => ImmediateKind.MapValue,
                ReferenceKind.FunctionAddress => ImmediateKind.Function,
                _ => ImmediateKind.KernelVariable,
            })
            : throw new ArgumentException($"opcode 0x{instruction.Opcode:x2} cannot refer to a {kind}", nameof(instruction));
    }
}
