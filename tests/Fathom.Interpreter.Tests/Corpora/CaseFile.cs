using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format.Instructions;
using Xunit;

namespace Fathom.Interpreter.Tests.Corpora;

/// <summary>A case that others wrote: a program, its memory, and what must come out.</summary>
internal sealed class CaseFile
{
    private readonly Dictionary<string, List<string>> _sections = new(StringComparer.Ordinal);

    private CaseFile(string path)
    {
        List<string>? current = null;
        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith("-- ", StringComparison.Ordinal))
            {
                _sections[line[3..].Trim()] = current = [];
            }
            else
            {
                current?.Add(line);
            }
        }
    }

    /// <summary>The number that the program returns; null if the case says none.</summary>
    public ulong? Result => Text("result") is { Length: > 0 } text
        ? text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(text, CultureInfo.InvariantCulture)
        : null;

    /// <summary>True if the program must be refused before it runs.</summary>
    public bool IsRefused => _sections.ContainsKey("error");

    /// <summary>True if the program must be stopped while it runs.</summary>
    public bool IsStopped => _sections.ContainsKey("error pattern");

    /// <summary>The memory to which R1 points; R2 is its length.</summary>
    public byte[] Memory =>
    [
        .. Lines("mem")
            .Select(static line => line.Split('#')[0])
            .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(static word => byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
    ];

    /// <summary>All cases, by path from the folder of corpora.</summary>
    public static IReadOnlyDictionary<string, CaseFile> All()
    {
        string root = Environment.GetEnvironmentVariable("FATHOM_CORPORA") is { Length: > 0 } folder ? folder : Path.Combine(FindRoot(), "..", "shared", "corpora");
        SortedDictionary<string, CaseFile> cases = new(StringComparer.Ordinal);
        foreach (string part in (string[])["bpf_conformance", "ubpf"])
        {
            string path = Path.Combine(root, part);
            if (!Directory.Exists(path))
            {
                Assert.Skip($"There is no folder {path}: set FATHOM_CORPORA to the folder of test data.");
            }

            foreach (string file in Directory.EnumerateFiles(path, "*.data", SearchOption.AllDirectories))
            {
                cases.Add(Path.GetRelativePath(root, file), new CaseFile(file));
            }
        }

        return cases;
    }

    /// <summary>The program; null if the file has none in a form that can be read here.</summary>
    public ImmutableArray<Instruction>? ReadProgram()
    {
        if (_sections.ContainsKey("asm"))
        {
            return Assembler.Assemble(string.Join("\n", Lines("asm")));
        }

        return _sections.ContainsKey("raw") ? InstructionDecoder.Decode(RawBytes()) : null;
    }

    private byte[] RawBytes() =>
    [
        .. Lines("raw")
            .Select(static line => line.Split('#')[0])
            .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .SelectMany(static word => word.StartsWith("0x", StringComparison.Ordinal)
                ? BitConverter.GetBytes(ulong.Parse(word[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                : [byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)]),
    ];

    private IEnumerable<string> Lines(string section) => _sections.GetValueOrDefault(section) ?? [];

    private string Text(string section) => string.Concat(Lines(section).Select(static line => line.Trim()));

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Fathom.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? AppContext.BaseDirectory;
    }
}
