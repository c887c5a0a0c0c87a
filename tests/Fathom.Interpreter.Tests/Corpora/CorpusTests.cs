using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Instructions;
using Xunit;

namespace Fathom.Interpreter.Tests.Corpora;

/// <summary>Every case that others wrote about the instruction set comes out as they say.</summary>
public sealed class CorpusTests
{
    [Fact]
    public void Every_case_passes_or_is_listed_with_a_reason()
    {
        Dictionary<string, string> listed = ReadList();
        IReadOnlyDictionary<string, CaseFile> cases = CaseFile.All();
        List<string> wrong = [];
        int passed = 0;
        foreach ((string name, CaseFile file) in cases)
        {
            string? problem = FindProblem(file, isRefused: file.IsRefused || name.StartsWith("bpf_conformance/negative/", StringComparison.Ordinal));
            passed += problem is null ? 1 : 0;
            if (problem is null && listed.ContainsKey(name))
            {
                wrong.Add($"{name} passes: take it off the list");
            }
            else if (problem is not null && !listed.ContainsKey(name))
            {
                wrong.Add($"{name}: {problem}");
            }
        }

        wrong.AddRange(listed.Keys.Where(name => !cases.ContainsKey(name)).Select(static name => $"{name} is listed, but there is no such case"));
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.Equal(cases.Count - listed.Count, passed);
        Assert.True(cases.Keys.Count(static name => name.StartsWith("bpf_conformance/tests/", StringComparison.Ordinal)) == 313);
    }

    /// <summary>
    /// What is wrong with what came out; null if nothing. The kernel and the machines of the corpora refuse some programs at load that the
    /// interpreter stops when they do it: both are "refused" here.
    /// </summary>
    private static string? FindProblem(CaseFile file, bool isRefused)
    {
        InterpretedProgram program;
        try
        {
            if (file.ReadProgram() is not { IsEmpty: false } instructions)
            {
                return "there is no program";
            }

            program = InterpretedProgram.Create(instructions);
        }
        catch (Exception e) when (e is ArgumentException or BadFormatException or AssemblerException or InvalidDataException)
        {
            return isRefused ? null : $"refused: {e.Message}";
        }

        // What one frame's stack may hold by accident must not be what makes a case pass.
        Machine machine = new() { StepLimit = 1_000_000, Fill = 0x5a };
        foreach ((int number, HelperFunction helper) in CorpusHelpers.All)
        {
            machine.SetHelper(number, helper);
        }

        byte[] bytes = file.Memory;
        MemoryRegion memory = machine.AddMemory("memory", bytes, isWritable: true);
        try
        {
            ulong value = machine.Invoke(program, bytes.Length == 0 ? 0 : memory.Address, (ulong)bytes.Length).Value;
            return isRefused ? "not refused" : file.IsStopped ? "not stopped" : value == file.Result ? null : $"0x{value:x}, expected 0x{file.Result:x}";
        }
        catch (MemoryFaultException) when (file.IsStopped)
        {
            return null;
        }
        catch (InterpreterException e)
        {
            return isRefused ? null : e.Message;
        }
    }

    private static Dictionary<string, string> ReadList()
    {
        Dictionary<string, string> listed = new(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Corpora/NotPassing.txt")))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                string[] parts = line.Split(": ", 2);
                Assert.True(parts is [_, { Length: > 10 }], $"an entry without a reason: {line}");
                listed.Add(parts[0], parts[1]);
            }
        }

        return listed;
    }
}
