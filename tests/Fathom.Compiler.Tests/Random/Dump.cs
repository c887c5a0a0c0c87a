using System;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Compiler.IR;
using Xunit;

namespace Fathom.Compiler.Tests.Random;

/// <summary>For finding out by hand what went wrong with a seed: <c>FATHOM_DUMP=seed</c>.</summary>
public sealed class Dump
{
    [Fact]
    public void A_seed_from_the_environment()
    {
        string? seed = Environment.GetEnvironmentVariable("FATHOM_DUMP");
        if (seed is null)
        {
            Assert.Skip("There is nothing to dump: FATHOM_DUMP is not set.");
        }

        int number = int.Parse(seed, CultureInfo.InvariantCulture);
        using var output = new StreamWriter($"{Path.GetTempPath()}/fathom-{number}.txt");
        var module = RandomProgram.Make(number);
        foreach (var function in module.Functions)
        {
            output.Write(IrPrinter.Print(function));
            Pipeline.Optimize(function, new CompilerOptions(CheckIr: true));
            output.WriteLine("optimized");
            output.Write(IrPrinter.Print(function));
        }

        var result = BpfCompiler.Compile(RandomProgram.Make(number), new CompilerOptions());
        foreach (var function in result.Object!.Functions)
        {
            output.WriteLine(function.Name);
            output.WriteLine(string.Join('\n', function.Instructions.Select((i, n) => $"{n}: {Text(i)}")));
        }

        Assert.NotEmpty(module.Functions);
    }

    internal static string Text(Format.Instructions.Instruction i) =>
        $"{i.Opcode:x2} {i.Class} {(i.IsAlu ? i.AluOperation.ToString() : i.IsJumpClass ? i.JumpOperation.ToString() : i.MemorySize.ToString())} "
        + $"{i.Destination} {(i.UsesSourceRegister || !i.IsAlu ? i.Source.ToString() : "-")} off {i.Offset} imm {i.Immediate}";
}
