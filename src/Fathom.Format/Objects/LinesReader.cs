using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Fathom.Format.Elf;

namespace Fathom.Format.Objects;

/// <summary>Reads <c>.fathom.lines</c>, the counterpart of <see cref="LinesWriter"/>. Its lines take the place of those of <c>.BTF.ext</c>.</summary>
internal sealed class LinesReader
{
    private readonly ElfSection section;
    private readonly Dictionary<string, FunctionDraft> functions = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, FunctionDraft?> functionAt = [];
    private StringTable? strings;
    private int end;
    private int at;

    internal LinesReader(ElfSection section, List<CodeSection> code)
    {
        this.section = section;
        foreach (CodeSection part in code)
        {
            foreach (FunctionDraft function in part.Functions)
            {
                functions[function.Name] = function;
            }
        }
    }

    /// <summary>Hands what the section says to the functions. One that is not in the object, as after linking, is passed over.</summary>
    /// <exception cref="BadFormatException">The section is not what it claims to be.</exception>
    internal void Read()
    {
        end = section.Data.Length;
        if (Next() != LinesWriter.Version)
        {
            throw Bad($"{SectionNames.Lines} is of an unknown version");
        }

        int count = Next();
        int start = Next();
        if (start < at || start >= end)
        {
            throw Bad($"the strings of {SectionNames.Lines} lie outside of it");
        }

        strings = new StringTable(ObjectFile.Format, section.Data.Slice(start), section.Offset + start);
        end = start;
        for (int i = 0; i < count; i++)
        {
            ReadFunction();
        }
    }

    private void ReadFunction()
    {
        FunctionDraft? function = NextFunction(out string name);
        int calls = NextCount(LinesWriter.CallWords);
        int lines = NextCount(LinesWriter.LineWords);
        function?.InlinedCalls.Clear();
        function?.Lines.Clear();
        for (int i = 0; i < calls; i++)
        {
            var call = new InlinedCall(NextText(), NextText(), Next(), Next(), Next());
            if (call.Outer < -1 || call.Outer >= i)
            {
                throw Bad($"an inlined call of {name} is in one that does not come before it");
            }

            function?.InlinedCalls.Add(call);
        }

        int last = -1;
        for (int i = 0; i < lines; i++)
        {
            var line = new LineInfo(Next(), NextText(), strings!.Text((uint)Next()), Next(), Next(), Next(), Next());
            if (line.Instruction <= last || line.Inlined < -1 || line.Inlined >= calls || line.Line < 0 || line.Column is < 0 or > 1023 || line.Length < 0
                || (function is not null && line.Instruction >= function.Instructions.Count))
            {
                throw Bad($"the lines of {name} are not in the order of its instructions, or say what cannot be");
            }

            last = line.Instruction;
            function?.Lines.Add(line);
        }
    }

    private int Next()
    {
        if (end - at < sizeof(int))
        {
            throw Bad($"{SectionNames.Lines} ends too early");
        }

        int word = BinaryPrimitives.ReadInt32LittleEndian(section.Data.Span.Slice(at));
        at += sizeof(int);
        return word;
    }

    private FunctionDraft? NextFunction(out string name)
    {
        uint offset = (uint)Next();
        name = strings![offset];
        if (!functionAt.TryGetValue(offset, out FunctionDraft? function))
        {
            functions.TryGetValue(name, out function);
            functionAt.Add(offset, function);
        }

        return function;
    }

    private string NextText() => strings![(uint)Next()];

    private int NextCount(int recordWords)
    {
        int count = Next();
        return count >= 0 && count <= (end - at) / (recordWords * sizeof(int)) ? count : throw Bad($"{SectionNames.Lines} ends too early");
    }

    private BadFormatException Bad(string problem) => new(ObjectFile.Format, section.Offset + at, problem);
}
