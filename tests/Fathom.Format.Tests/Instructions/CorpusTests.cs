using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format.Instructions;
using Fathom.Format.Tests.Objects;
using Xunit;

namespace Fathom.Format.Tests.Instructions;

/// <summary>Cases that others wrote about the instruction set. A file that no case takes is a failure.</summary>
public sealed class CorpusTests
{
    /// <summary>Files of <c>bpf_conformance/negative</c> that say nothing about instructions or their syntax.</summary>
    private static readonly Dictionary<string, string> NegativeAboutOtherThings = new(StringComparer.Ordinal)
    {
        ["empty.data"] = "about the test file: it has no sections",
        ["empty_instructions.data"] = "about the test file: it has a result, but no program",
        ["error.data"] = "a legal program, which the machine refuses when it runs",
        ["incorrect_return_value_high_bits.data"] = "a legal program with another result than the file says",
        ["invalid.sh"] = "a program that stands in for a machine",
    };

    /// <summary>What the message must say for each bad text.</summary>
    private static readonly Dictionary<string, string> NegativeText = new(StringComparer.Ordinal)
    {
        ["invalid_imm32_dec_range.data"] = "immediate 2147483648 is not between",
        ["invalid_imm32_hex_range.data"] = "immediate 0x100000000 is not between",
        ["invalid_label.data"] = "no label NOT_A_LABEL",
        ["invalid_lock.data"] = "lock or takes 2 operands",
        ["invalid_lock2.data"] = "lock takes an operation and 2 operands",
        ["invalid_mnemonic.data"] = "unknown mnemonic 'ldxq'",
        ["invalid_offset.data"] = "'%r1' is no memory operand",
        ["invalid_offset_range.data"] = "offset +0x10000 is not between",
        ["invalid_operand_count.data"] = "lddw takes 2 operands",
        ["invalid_register.data"] = "'%r50' is no register",
        ["invalid_unknown_directive.data"] = "unknown directive",
    };

    /// <summary>Bad code of <c>ubpf</c>, and what the message must say.</summary>
    private static readonly Dictionary<string, string> UbpfBad = new(StringComparer.Ordinal)
    {
        ["err-endian-size.data"] = "width of a byte swap",
        ["err-incomplete-lddw.data"] = "second half",
        ["err-incomplete-lddw2.data"] = "second half",
        ["err-invalid-reg-dst.data"] = "'%r11' is no register",
        ["err-invalid-reg-src.data"] = "'%r11' is no register",
        ["err-lddw-second-half-invalid-all.data"] = "second half",
        ["err-lddw-second-half-invalid-dst-offset.data"] = "second half",
        ["err-lddw-second-half-invalid-offset.data"] = "second half",
        ["err-lddw-second-half-invalid-src-offset.data"] = "second half",
        ["err-lddw-second-half-invalid-src.data"] = "second half",
        ["err-lddw-second-half-invalid.data"] = "second half",
    };

    [Fact]
    public void Every_case_of_the_conformance_suite_survives_all_ways()
    {
        string[] files = Files("bpf_conformance", "tests");
        Assert.Equal(313, files.Length);
        foreach (string file in files)
        {
            CheckGood(file, CaseFile.Read(file));
        }
    }

    [Fact]
    public void Every_negative_case_of_the_conformance_suite_is_refused()
    {
        int unused = 0;
        foreach (string file in Files("bpf_conformance", "negative"))
        {
            string name = Path.GetFileName(file);
            if (NegativeAboutOtherThings.ContainsKey(name))
            {
                continue;
            }

            if (NegativeText.TryGetValue(name, out string? problem))
            {
                AssertRefused(file, problem);
                continue;
            }

            // unused-OPERATION-FIELD.data: the field is one that the operation does not use.
            string[] parts = Path.GetFileNameWithoutExtension(name).Split('-');
            Assert.True(parts is ["unused", _, _], $"no case takes {file}");
            string field = parts[2] switch { "src" => "source", "dst" => "destination", "imm" => "immediate", var other => other };
            BadFormatException exception = Assert.Throws<BadFormatException>(() => InstructionDecoder.Decode(CaseFile.Read(file).Raw!));
            string message = parts[1] is "mov_reg" or "mov64_reg" && field == "offset" ? "the offset of a move must be" : $"the {field} field is not used";
            Assert.Contains(message, exception.Message, StringComparison.Ordinal);
            Assert.Equal(0, exception.Offset);
            unused++;
        }

        Assert.Equal(45, unused);
    }

    [Fact]
    public void Every_case_of_ubpf_survives_all_ways_or_is_refused_as_it_must_be()
    {
        int good = 0;
        foreach (string file in Files("ubpf").Where(static file => file.EndsWith(".data", StringComparison.Ordinal)))
        {
            CaseFile read = CaseFile.Read(file);
            if (UbpfBad.TryGetValue(Path.GetFileName(file), out string? problem))
            {
                AssertRefused(file, problem);
            }
            else if (read.Assembly is null && read.Raw is null)
            {
                // An ELF file that a Python script makes, or a program in a file that the corpus lacks.
                Assert.True(read.Sections.Contains("pyelf") || read.Sections.Contains("asm @ tcp-port-80.asm"), $"no case takes {file}");
            }
            else
            {
                CheckGood(file, read);
                good++;
            }
        }

        // Among them two that the machine of that corpus refuses because it is older or smaller: err-lddw-invalid-src.data (it has no maps,
        // and so not their kind of 64-bit immediate) and err-unknown-opcode.data (opcode 0x06, which version 4 gave to the long jump).
        Assert.Equal(66, good);
    }

    private static string[] Files(params string[] folder) => [.. Directory.EnumerateFiles(TestObjects.Folder(folder)).Order(StringComparer.Ordinal)];

    private static void AssertRefused(string file, string problem)
    {
        Exception? exception = Record.Exception(() =>
        {
            CaseFile read = CaseFile.Read(file);
            return read.Raw is null ? Assembler.Assemble(read.Assembly!) : InstructionDecoder.Decode(read.Raw);
        });
        Assert.True(exception is AssemblerException or BadFormatException or InvalidDataException, $"{file}: {exception?.GetType().Name ?? "accepted"}");
        Assert.Contains(problem, exception!.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static void CheckGood(string file, CaseFile read)
    {
        if (read.Assembly is null)
        {
            byte[] code = read.Raw ?? throw new InvalidDataException($"{file} has no program");
            Assert.Equal(code, InstructionEncoder.Encode(InstructionDecoder.Decode(code).AsSpan()));
            return;
        }

        ImmutableArray<Instruction> program = Assembler.Assemble(read.Assembly);
        byte[] bytes = InstructionEncoder.Encode(program.AsSpan());
        if (read.Raw is not null)
        {
            Assert.Equal(read.Raw, bytes);
        }

        Assert.NotEmpty(program);
        ImmutableArray<Instruction> decoded = InstructionDecoder.Decode(bytes);
        Assert.Equal(program.AsEnumerable(), decoded.AsEnumerable());
        Assert.Equal(program.AsEnumerable(), Assembler.Assemble(Disassembler.Disassemble(decoded.AsSpan())).AsEnumerable());
    }

    /// <summary>A file of the corpora: sections that start with <c>-- name</c>.</summary>
    private sealed record CaseFile(IReadOnlySet<string> Sections, string? Assembly, byte[]? Raw)
    {
        private static readonly string[] Known =
            ["asm", "raw", "mem", "result", "error", "error pattern", "no register offset", "c", "description", "no jit", "reload", "unload", "pyelf", "asm @ tcp-port-80.asm"];

        public static CaseFile Read(string file)
        {
            Dictionary<string, List<string>> sections = new(StringComparer.Ordinal);
            List<string>? current = null;
            foreach (string line in File.ReadLines(file))
            {
                if (line.StartsWith("-- ", StringComparison.Ordinal))
                {
                    string name = line[3..].Trim();
                    sections[name] = current = Known.Contains(name) ? [] : throw new InvalidDataException($"unknown directive {name}");
                }
                else
                {
                    current?.Add(line);
                }
            }

            return new CaseFile(
                sections.Keys.ToHashSet(StringComparer.Ordinal),
                sections.TryGetValue("asm", out List<string>? assembly) ? string.Join("\n", assembly) : null,
                sections.TryGetValue("raw", out List<string>? raw) ? ParseRaw(raw) : null);
        }

        /// <summary>Bytes, or whole slots as numbers.</summary>
        private static byte[] ParseRaw(List<string> lines) =>
        [
            .. lines.Select(static line => line.Split('#')[0])
                .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .SelectMany(static word => word.StartsWith("0x", StringComparison.Ordinal)
                    ? BitConverter.GetBytes(ulong.Parse(word[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                    : [byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)]),
        ];
    }
}
