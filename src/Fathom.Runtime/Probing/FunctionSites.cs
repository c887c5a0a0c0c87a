using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// Finds where the calls of an image's functions can be counted. The whole function is looked at: a place that something in it jumps back to is
/// passed more often than the function is called. Each indirect jump needs a table of its own that is found, or must be the call of another function. What
/// is not seen are jumps from other functions into the middle of this one. Not safe for use by several threads at a time.
/// </summary>
public sealed class FunctionSites
{
    private const ulong LongestFunction = 1 << 20;
    private const int LongestPrologue = 16;
    private const int MarkLength = 4;

    // A function may have many tables for its size: each of them is tried with each label that the code names.
    private const long LeastTables = 1 << 17;
    private const long TablesForByte = 4;

    // What the compiler puts at the end of a part's name: of gcc and LLVM (also for basic blocks with sections of their own), and of BOLT. What may follow are
    // numbers, and words of the passes that made copies. A function of Go may be called main.coldStart.
    private static readonly string[] s_moved = [".cold", ".__part", ".warm"];
    private static readonly string[] s_passes = ["lto_priv", "llvm", "part", "isra", "constprop"];

    private readonly ElfImage _image;
    private readonly ImageCode? _code;
    private readonly InstructionJudge? _judge;
    private readonly ImmutableArray<ElfFunction> _functions;
    private readonly PlaceRefusals _refusals;

    // Instructions that may still be decoded: in files made on purpose, functions overlap.
    private long _left;

    // Tables of jumps, and their entries, that may still be looked at.
    private long _leftOfTables;
    private readonly ILookup<string, ElfFunction> _parts;
    private readonly HashSet<string> _names;

    /// <summary>Reads the functions of an image.</summary>
    /// <param name="image">The image; must stay open as long as this is used.</param>
    /// <exception cref="BadFormatException">A symbol table is damaged.</exception>
    public FunctionSites(ElfImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        _image = image;
        int bits = image.Machine switch { ElfMachine.X64 => 64, ElfMachine.X86 => 32, _ => 0 };
        _judge = bits == 0 ? null : new InstructionJudge(bits);
        _functions = image.Functions;
        _refusals = new PlaceRefusals(image);
        _left = (2 * image.CodeSize) + (1 << 16);
        _leftOfTables = (TablesForByte * image.CodeSize) + LeastTables;

        _names = [.. _functions.Select(static one => one.Name)];
        _parts = _functions.Where(IsMoved).ToLookup(static one => one.Name[..MovedAt(one.Name)], StringComparer.Ordinal);
        _code = bits == 0 ? null : new ImageCode(image, bits, [.. _functions.Where(one => !IsMoved(one))]);
    }

    /// <summary>Where calls of a function are counted. Code of other machines than x86 is not looked at: the place is its first instruction.</summary>
    /// <param name="function">A function of the image.</param>
    public ProbeSite Find(in ElfFunction function)
    {
        if (IsMoved(function))
        {
            return new(0, Judge(function.Address), "is a part of a function that lies elsewhere, which jumps there");
        }

        if (_code is null)
        {
            return new(0, default, "");
        }

        ulong size = SizeOf(function);
        if (size > LongestFunction || _left < 0 || _leftOfTables < 0)
        {
            return new(0, Judge(function.Address), "is too long to tell whether it comes back to its beginning");
        }

        var code = new FunctionCode(_code, function.Address, size, PartsOf(function).Select(static part => (part.Address, Math.Min(part.Size, LongestFunction))), Math.Min(_leftOfTables, LeastTables + (TablesForByte * (long)size)));
        _left -= code.Decoded;
        _leftOfTables -= code.TableWork;
        ulong[] prologue = PrologueOf(code);
        if (code.HasTooManyTables)
        {
            return new(0, Judge(function.Address), "has more tables of jumps than are read, one of which may lead to its beginning");
        }

        if (code.IsTooLarge || prologue.Length == 0)
        {
            return new(0, Judge(function.Address), code.IsTooLarge ? "has too much code to tell whether it comes back to its beginning" : "is shorter than its first instruction");
        }

        var passes = new PlacePasses(_code, code, prologue);
        if (passes.JumpsBlindly)
        {
            return new(0, Judge(function.Address), "jumps to where a table says that is not found, which may be its beginning");
        }

        if (code.EndsTransaction && !code.BeginsTransaction)
        {
            return new(0, Judge(function.Address), "ends a transaction of the processor's that its caller has begun, which a probe would end");
        }

        if (passes.IsOnce(0))
        {
            // Behind the mark of a place that may be jumped to indirectly, which the kernel must single-step, if that is as good.
            var behind = new ProbeSite(MarkLength, prologue.Length > 1 && IsMark(function.Address) ? Judge(prologue[1]) : new(ProbeStep.Unknown, ProbeRefusal.CutOff), "");
            return behind.IsCountable && !code.BeginsTransaction && passes.IsOnce(1) ? behind : new(0, Judge(function.Address), "");
        }

        // A breakpoint inside a transaction ends it, and the program begins another, for ever.
        for (int i = 1; i < prologue.Length && !code.BeginsTransaction; i++)
        {
            if (passes.IsOnce(i) && Judge(prologue[i]) is { IsRefused: false } verdict)
            {
                return new((int)(prologue[i] - function.Address), verdict, "");
            }
        }

        return new(0, Judge(function.Address), passes.ComesBackFromElsewhere
            ? "comes back to its beginning through code that no symbol names, which may be a part of it or another function"
            : "comes back to its beginning, as a loop does");
    }

    // Go's package main may have a function warm, and no compiler calls a part so: only BOLT, which leaves the function its name.
    private bool IsMoved(ElfFunction function) =>
        MovedAt(function.Name) is var end and > 0 && (!function.Name.AsSpan(end).StartsWith(".warm", StringComparison.Ordinal) || _names.Contains(function.Name[..end]));

    // Where the name of the function ends that it was moved out of.
    private static int MovedAt(string name)
    {
        int end = s_moved.Max(suffix => name.LastIndexOf(suffix, StringComparison.Ordinal));
        return end > 0 && name[(end + 1)..].Split('.').Skip(1).All(static word => s_passes.Contains(word) || word.All(char.IsAsciiDigit))
            && s_moved.Any(suffix => name.AsSpan(end).StartsWith(suffix, StringComparison.Ordinal) && (name.Length == end + suffix.Length || name[end + suffix.Length] == '.'))
            ? end : 0;
    }

    // What was moved out of a function is a part of it, whichever of its names it was made from.
    private IEnumerable<ElfFunction> PartsOf(ElfFunction function)
    {
        for (int i = FirstBehind(function.Address) - 1; i >= 0 && _functions[i].Address == function.Address; i--)
        {
            foreach (ElfFunction part in _parts[_functions[i].Name])
            {
                yield return part;
            }
        }
    }

    // The functions are ordered by address.
    private int FirstBehind(ulong address) => ~_functions.BinarySearch(new ElfFunction("", address, 0, 0, false), Comparer<ElfFunction>.Create(static (a, b) => a.Address <= b.Address ? -1 : 1));

    // The instructions that follow each other from the beginning on, whatever the conditional jumps among them do.
    private static ulong[] PrologueOf(FunctionCode code)
    {
        List<ulong> prologue = [];
        ulong address = code.Entry;
        while (prologue.Count < LongestPrologue && address < code.End && code.StepAt(address) is { } step)
        {
            prologue.Add(address);
            if (!FlowStep.RunsOn(step.Kind))
            {
                break;
            }

            address += (ulong)step.Length;
        }

        return [.. prologue];
    }

    private bool IsMark(ulong address) => Read(address).Span is [0xf3, 0x0f, 0x1e, 0xfa, ..] or [0xf3, 0x0f, 0x1e, 0xfb, ..];

    private ProbeVerdict Judge(ulong address)
    {
        ProbeVerdict verdict = _judge?.Judge(Read(address).Span) ?? default;
        return _refusals.At(address, verdict.Length) is { } refusal ? new(ProbeStep.Unknown, refusal) : verdict;
    }

    // Where the image does not say how long a function is, it ends at the next one.
    private ulong SizeOf(in ElfFunction function)
    {
        if (function.Size > 0)
        {
            return function.Size;
        }

        ulong address = function.Address;
        int index = FirstBehind(address);
        return index < _functions.Length ? _functions[index].Address - address : (ulong)Read(address).Length;
    }

    private ReadOnlyMemory<byte> Read(ulong address) => _image.ReadLoaded(address);
}
