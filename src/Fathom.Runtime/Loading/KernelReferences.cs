using System;
using System.Collections.Generic;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Runtime;

/// <summary>What an object's programs refer to by name in the kernel (<c>__ksym</c>), found in one pass over its types for all of them.</summary>
internal sealed class KernelReferences
{
    private const int MissingFunction = CoreEngine.PoisonHelper;

    private readonly Kernel _kernel;
    private readonly BtfData? _types;
    private readonly Dictionary<BtfTypeName, int> _ids = [];
    private KernelSymbols? _symbols;

    public KernelReferences(Kernel kernel, BpfObject definition)
    {
        _kernel = kernel;
        _types = definition.Btf.IsEmpty ? null : BtfData.Parse(definition.Btf);
        foreach (BpfFunction function in definition.Functions)
        {
            foreach (Reference reference in function.References)
            {
                if (reference.Kind == ReferenceKind.KernelSymbol)
                {
                    _ids[new(BtfKind.Function, reference.Target)] = 0;
                    _ids[new(BtfKind.Variable, reference.Target)] = 0;
                }
            }
        }

        BtfTypeName[] names = [.. _ids.Keys];
        int[] ids = new int[names.Length];
        kernel.Btf.FindAll(names, ids);
        for (int i = 0; i < names.Length; i++)
        {
            _ids[names[i]] = ids[i];
        }
    }

    /// <summary>The name of a configuration value, for messages.</summary>
    public static string ConfigurationAt(BpfObject definition, long offset)
    {
        BtfData types = BtfData.Parse(definition.Btf);
        BtfType section = types.GetType(types.Find(BtfKind.DataSection, ProgramLoader.Configuration));
        for (int i = 0; i < section.Count; i++)
        {
            BtfSectionVariable variable = section.GetSectionVariable(i);
            if (offset >= variable.Offset && offset < (long)variable.Offset + Math.Max(variable.Size, 1))
            {
                return types.GetType(variable.TypeId).Name;
            }
        }

        return ProgramLoader.Configuration;
    }

    /// <summary>The instruction with what the name means in this kernel.</summary>
    /// <exception cref="FeatureNotSupportedException">The kernel has nothing of this name, and the program needs it.</exception>
    /// <exception cref="ObjectNotSupportedException">The kernel hides whether it has it.</exception>
    public Instruction Complete(Instruction instruction, Reference reference, string program)
    {
        int function = _ids[new(BtfKind.Function, reference.Target)];
        int variable = _ids[new(BtfKind.Variable, reference.Target)];
        if (instruction.IsCall)
        {
            // The program asks for the address first and does not go where there is none; a call there is never reached.
            return function != 0 ? Instruction.Call(CallKind.KernelFunction, function)
                : reference.IsWeak ? Instruction.Call(CallKind.Helper, MissingFunction)
                : throw new FeatureNotSupportedException("load program", program, 0, $"function {reference.Target} for programs");
        }

        // The address of a function too: a program asks for it to learn whether there is one.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (check_pseudo_btf_id)
        if (variable != 0 || function != 0)
        {
            return Instruction.LoadImmediate64(instruction.Destination, variable != 0 ? variable : function, ImmediateKind.KernelVariable);
        }

        ulong address = IsWithoutType(reference.Target) ? AddressOf(reference.Target, program) : 0;
        return address != 0 || reference.IsWeak
            ? Instruction.LoadImmediate64(instruction.Destination, (long)address)
            : throw new FeatureNotSupportedException("load program", program, 0, $"variable {reference.Target} for programs");
    }

    // extern const void NAME __ksym: the bare address, whatever is there.
    private bool IsWithoutType(string name) =>
        _types is not null && _types.Find(BtfKind.Variable, name) is > 0 and int id
        && _types.GetType(id) is { Linkage: BtfLinkage.External } variable && _types.SkipModifiers(variable.TargetId) == 0;

    private ulong AddressOf(string name, string program)
    {
        _symbols ??= new KernelSymbols(_kernel);
        return !_symbols.AreHidden
            ? _symbols.Table.Find(System.Text.Encoding.UTF8.GetBytes(name))
            : throw new ObjectNotSupportedException(program, name, $"the address of the kernel's symbol is not known here: {_symbols.HiddenAdvice.TrimEnd('.')}");
    }
}
