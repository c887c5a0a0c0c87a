using System.Globalization;
using System.Linq;
using System.Text;

namespace Fathom.Compiler.IR;

/// <summary>The intermediate form as text, with the source line before the instructions that come from it.</summary>
internal static class IrPrinter
{
    public static string Print(Function function)
    {
        var text = new StringBuilder();
        text.Append("function ").Append(function.Name).Append('(');
        text.Append(string.Join(", ", function.Parameters.Select(TypeName)));
        text.Append("): ").Append(TypeName(function.Result)).Append('\n');
        for (int i = 0; i < function.Slots.Count; i++)
        {
            var slot = function.Slots[i];
            text.Append("  slot s").Append(i).Append(": ").Append(slot.Bytes).Append(" align ").Append(slot.Alignment).Append('\n');
        }

        SourcePosition? position = null;
        foreach (var block in function.Blocks)
        {
            text.Append(NameOf(block)).Append(":\n");
            foreach (var instruction in block.Instructions)
            {
                if (instruction.Position is { } current && (position is null || (current.File, current.Line, current.Column) != (position.File, position.Line, position.Column)))
                {
                    position = current;
                    text.Append("  ; ").Append(current.Text.TrimStart()).Append(" @ ").Append(current.File).Append(':').Append(current.Line).Append('\n');
                }

                text.Append("  ").Append(Print(function, instruction)).Append('\n');
            }
        }

        return text.ToString();
    }

    public static string Print(Function function, IrInstruction i)
    {
        string operands = string.Join(", ", i.Operands.Select(o => "v" + Number(o)));
        string at = i.Operands.Length > 0 ? $"[v{Number(i.Operands[0])}{Signed(i.Immediate)}]" : "";
        string size = Number(i.Bytes * 8);
        string body = i.Op switch
        {
            Opcode.Parameter => "parameter " + Number(i.Immediate),
            Opcode.Constant => Number(i.Immediate),
            Opcode.Copy => operands,
            Opcode.Phi => "phi " + string.Join(", ", i.Operands.Select((o, n) => $"{NameOf(i.Targets[n])}: v{Number(o)}")),
            Opcode.Binary => $"{i.Binary} {operands}",
            Opcode.Convert => $"{i.Conversion}{(i.Flag ? ".free" : "")} {operands}",
            Opcode.ByteSwap => $"byteswap{Number(i.Immediate)} {operands}",
            Opcode.Compare => $"compare {i.Comparison} {operands}",
            Opcode.SlotAddress => $"address s{Number(i.Slot)}{Signed(i.Immediate)}",
            Opcode.MapAddress => $"map {i.Data}",
            Opcode.GlobalAddress => $"global {((Global)i.Data!).Name}{Signed(i.Immediate)}",
            Opcode.FunctionAddress => $"function {((Function)i.Data!).Name}",
            Opcode.Offset => $"offset {operands} {Number(i.Immediate)}",
            Opcode.OffsetBy => $"offset {operands}",
            Opcode.CoreOffset => $"core.offset {operands} {Print(i.Core!)}",
            Opcode.CoreValue => $"core {i.Core!.Kind} {Print(i.Core)}",
            Opcode.Load when i.Core is { } core => $"load{(i.Flag ? ".s" : ".u")}{size} {at} {Print(core)}",
            Opcode.Load => $"load{(i.Flag ? ".s" : ".u")}{size} {at}",
            Opcode.Store => $"store{size} {at}, v{Number(i.Operands[1])}",
            Opcode.Zero => $"zero {at}, {Number(i.Count)} align {Number(i.Alignment)}",
            Opcode.CopyMemory => $"copy {at}, [v{Number(i.Operands[1])}{Signed(i.SecondOffset)}], {Number(i.Count)} align {Number(i.Alignment)}",
            Opcode.Atomic => $"atomic{size} {i.AtomicOperation} {at}, {string.Join(", ", i.Operands.Skip(1).Select(o => "v" + Number(o)))}",
            Opcode.CallHelper => $"call{(i.Flag ? ".pure" : "")} #{Number(i.Immediate)}({operands})",
            Opcode.CallFunction => $"call {((Function)i.Data!).Name}({operands})",
            Opcode.Jump => "jump " + NameOf(i.Targets[0]),
            Opcode.Branch => $"if {i.Comparison} {operands} then {NameOf(i.Targets[0])} else {NameOf(i.Targets[1])}",
            Opcode.Return => "return " + operands,
            _ => i.Op.ToString(),
        };
        return i.Result < 0 ? body : $"v{Number(i.Result)}: {TypeName(function.TypeOf(i.Result))} = {body}";
    }

    private static string NameOf(Block block) => "b" + Number(block.Id);

    private static string TypeName(IrType type) =>
        type.IsPointer ? "ptr<" + type.Space + ">" : "i" + Number(type.Bits);

    private static string Print(CoreAccess core) => $"<{Number(core.TypeId)} {core.Access}>";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Signed(long value) =>
        value == 0 ? "" : value > 0 ? "+" + Number(value) : Number(value);
}
