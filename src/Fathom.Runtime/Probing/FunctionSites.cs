using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format;
using Fathom.Format.Elf.Images;

namespace Fathom.Runtime;

/// <summary>
/// Finds where the calls of an image's functions can be counted. The whole function is looked at: a place that something in it jumps back to is
/// passed more often than the function is called. What is not seen are jumps through a pointer whose table is not found, which are taken for
/// calls of other functions, and jumps from other functions into the middle of this one. Not safe for use by several threads at a time.
/// </summary>
public sealed class FunctionSites
{
    private const ulong LongestFunction = 1 << 20;
    private const int LongestPrologue = 16;
    private const int MarkLength = 4;

    // Of gcc and LLVM (also for basic blocks with sections of their own), and of BOLT.
    private static readonly string[] s_moved = [".cold", ".__part.", ".warm"];

    private readonly ElfImage _image;
    private readonly ImageCode? _code;
    private readonly InstructionJudge? _judge;
    private readonly ImmutableArray<ElfFunction> _functions;
    private readonly bool _isRelocated;

    // Instructions that may still be decoded: in files made on purpose, functions overlap.
    private long _left;
    private readonly ILookup<ulong, ElfFunction> _moved;

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
        _isRelocated = image.HasTextRelocations;
        _left = (2 * image.CodeSize) + (1 << 16);

        // What was moved out of a function is a part of it, whichever of its names it was made from.
        ILookup<bool, ElfFunction> byKind = _functions.ToLookup(IsMoved);
        ILookup<string, ElfFunction> parts = byKind[true].ToLookup(static one => one.Name[..MovedAt(one)], StringComparer.Ordinal);
        _moved = byKind[false].SelectMany(one => parts[one.Name].Select(part => (one.Address, Part: part)))
            .ToLookup(static one => one.Address, static one => one.Part);
        _code = bits == 0 ? null : new ImageCode(image, bits, [.. byKind[false]]);
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
        if (size > LongestFunction || _left < 0)
        {
            return new(0, Judge(function.Address), "is too long to tell whether it comes back to its beginning");
        }

        IEnumerable<ElfFunction> parts = _moved[function.Address];
        var code = new FunctionCode(_code, function.Address, size, parts.Select(static part => (part.Address, Math.Min(part.Size, LongestFunction))));
        _left -= code.Decoded;
        ulong[] prologue = PrologueOf(code);
        if (code.IsTooLarge || prologue.Length == 0)
        {
            return new(0, Judge(function.Address), code.IsTooLarge ? "has too much code to tell whether it comes back to its beginning" : "is shorter than its first instruction");
        }

        var passes = new PlacePasses(_code, code, prologue);
        if (passes.JumpsBlindly)
        {
            return new(0, Judge(function.Address), "jumps to where a table says that is not found, which may be its beginning");
        }

        if (passes.IsOnce(0))
        {
            // Behind the mark of a place that may be jumped to indirectly, which the kernel must single-step, if that is as good.
            var behind = new ProbeSite(MarkLength, prologue.Length > 1 && IsMark(function.Address) ? Judge(prologue[1]) : new(ProbeStep.Unknown, ProbeRefusal.CutOff), "");
            return behind.IsCountable && passes.IsOnce(1) ? behind : new(0, Judge(function.Address), "");
        }

        for (int i = 1; i < prologue.Length; i++)
        {
            if (passes.IsOnce(i) && Judge(prologue[i]) is { IsRefused: false } verdict)
            {
                return new((int)(prologue[i] - function.Address), verdict, "");
            }
        }

        return new(0, Judge(function.Address), "comes back to its beginning, as a loop does");
    }

    private static bool IsMoved(ElfFunction function) => MovedAt(function) > 0;

    // Where the name of the function ends that it was moved out of.
    private static int MovedAt(ElfFunction function) => s_moved.Max(suffix => function.Name.LastIndexOf(suffix, StringComparison.Ordinal));

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

    private ProbeVerdict Judge(ulong address) => _isRelocated ? new(ProbeStep.Unknown, ProbeRefusal.Relocated) : _judge?.Judge(Read(address).Span) ?? default;

    // Where the image does not say how long a function is, it ends at the next one.
    private ulong SizeOf(in ElfFunction function)
    {
        if (function.Size > 0)
        {
            return function.Size;
        }

        ulong address = function.Address;
        int index = _functions.BinarySearch(function, Comparer<ElfFunction>.Create(static (a, b) => a.Address <= b.Address ? -1 : 1));
        index = ~index;
        return index < _functions.Length ? _functions[index].Address - address : (ulong)Read(address).Length;
    }

    private ReadOnlyMemory<byte> Read(ulong address) => _image.ReadLoaded(address);
}
