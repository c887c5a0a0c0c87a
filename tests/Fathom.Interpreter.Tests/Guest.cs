using Fathom.Format.Instructions;
using Fathom.Format.Objects;

namespace Fathom.Interpreter.Tests;

/// <summary>Programs and maps made by hand.</summary>
internal static class Guest
{
    public static InterpretedProgram Program(string assembly) => InterpretedProgram.Create(Assembler.Assemble(assembly));

    public static RunResult Run(this Machine machine, string assembly) => machine.Run(Program(assembly));

    public static MapDefinition Map(MapType type, int keySize, int valueSize, int entries, string name = "map") => new()
    {
        Name = name,
        Type = type,
        KeySize = keySize,
        ValueSize = valueSize,
        MaxEntries = entries,
    };

    /// <summary>Calls a helper whose first argument is a map, whose second to fourth are in R1 to R3 at the start.</summary>
    public static InterpretedProgram CallWithMap(int helper, InterpretedMap map) => InterpretedProgram.Create(
    [
        Instruction.Alu64(AluOperation.Move, Register.R4, Register.R3),
        Instruction.Alu64(AluOperation.Move, Register.R3, Register.R2),
        Instruction.Alu64(AluOperation.Move, Register.R2, Register.R1),
        Instruction.LoadImmediate64(Register.R1, map.Descriptor, ImmediateKind.MapDescriptor),
        Instruction.Call(CallKind.Helper, helper),
        Instruction.Exit(),
    ]);

    /// <summary>Calls a helper with what is in R1 to R4 at the start.</summary>
    public static InterpretedProgram Call(int helper) => InterpretedProgram.Create([Instruction.Call(CallKind.Helper, helper), Instruction.Exit()]);
}
