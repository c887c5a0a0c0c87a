using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Fathom.Format.Elf.Images;
using Iced.Intel;

namespace Fathom.Runtime;

/// <summary>The code of an x86 image, and what the image says of addresses in it. Not safe for use by several threads at a time.</summary>
internal sealed class ImageCode
{
    // Of gcc and of LLVM: https://gcc.gnu.org/onlinedocs/gcc/x86-Options.html (-mindirect-branch), https://llvm.org/docs/SpeculativeLoadHardening.html
    private static readonly string[] s_thunks = ["__x86_indirect_thunk", "__llvm_retpoline_", "__llvm_lvi_thunk_"];
    private static readonly string[] s_registers =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];

    private readonly ElfImage _image;
    private readonly CodeDecoder _decoder;
    private readonly HashSet<ulong> _starts;
    private readonly (ulong Address, ulong Size)[] _ranges;
    private readonly HashSet<ulong> _stackGrowth;
    private readonly Dictionary<ulong, Register> _thunks;
    private readonly HashSet<ulong> _returnThunks;
    private readonly ImmutableArray<ElfPointer> _pointers;
    private readonly ulong[] _pointed;
    private readonly ImmutableArray<ElfRange> _linked;
    private readonly Dictionary<ulong, byte> _outside = [];
    private readonly List<(ulong From, ulong Target)> _jumps = [];
    private readonly HashSet<ulong> _targets = [];

    /// <summary>Reads what is known of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="bits">64, or 32 for i386.</param>
    /// <param name="functions">Its functions, without the parts of them that lie elsewhere.</param>
    public ImageCode(ElfImage image, int bits, IReadOnlyCollection<ElfFunction> functions)
    {
        _image = image;
        _decoder = new CodeDecoder(bits);
        _starts = [.. functions.Select(static one => one.Address)];
        _ranges = [.. functions.GroupBy(static one => one.Address, static (address, same) => (address, same.Max(static one => one.Size))).OrderBy(static one => one.address)];

        // https://github.com/golang/go/blob/go1.24.0/src/cmd/internal/obj/x86/obj6.go (stacksplit)
        _stackGrowth = [.. functions.Where(static one => one.Name.StartsWith("runtime.morestack", StringComparison.Ordinal)).Select(static one => one.Address)];
        _thunks = [];
        foreach (ElfFunction one in functions.Where(static one => s_thunks.Any(name => one.Name.StartsWith(name, StringComparison.Ordinal))))
        {
            _thunks[one.Address] = ThunkRegisterIn(one.Name);
        }

        _returnThunks = [.. functions.Where(static one => one.Name == "__x86_return_thunk").Select(static one => one.Address)];
        _pointers = image.CodePointers;
        _pointed = [.. _pointers.Select(static one => one.Target)];
        Array.Sort(_pointed);
        _linked = image.LinkedRanges;
        GotAddress = bits == 32 ? image.GotAddress : null;
    }

    /// <summary>Whether what it says of itself is where it is loaded.</summary>
    public bool IsFixed => _image.Type == ElfImageType.Executable;

    /// <summary>Bytes of an address in its data.</summary>
    public ulong Word => _image.Is64Bit ? 8u : 4u;

    /// <summary>What position-independent code of i386 counts distances from, if there is one.</summary>
    public ulong? GotAddress { get; }

    /// <summary>The bytes from an address to the end of its segment, or many; nothing if nothing is loaded there.</summary>
    public ReadOnlyMemory<byte> Read(ulong address) => _image.ReadLoaded(address);

    /// <summary>The decoder, for some code until the next is asked for.</summary>
    public CodeDecoder Decoder(ReadOnlyMemory<byte> code)
    {
        _decoder.Open(code);
        return _decoder;
    }

    /// <summary>The lists of a function, empty again: each function's own would be as much memory as all its code, many times.</summary>
    public (Dictionary<ulong, byte> Outside, List<(ulong From, ulong Target)> Jumps, HashSet<ulong> Targets) TakeLists()
    {
        _outside.Clear();
        _jumps.Clear();
        _targets.Clear();
        return (_outside, _jumps, _targets);
    }

    /// <summary>Whether an address lies in code.</summary>
    public bool IsCode(ulong address) => _image.TryGetFileOffset(address, executable: true, out _);

    /// <summary>Whether the loader puts the address of a function there that it links.</summary>
    public bool IsLinked(ulong location) => _linked.Any(range => location - range.Address < range.Size);

    /// <summary>Whether a function begins at an address.</summary>
    public bool IsFunction(ulong address) => _starts.Contains(address);

    /// <summary>Whether an address lies in the middle of a function that begins elsewhere: nothing was moved there.</summary>
    /// <param name="address">The address.</param>
    /// <param name="function">Where the other function begins.</param>
    public bool IsInAnother(ulong address, ulong function) =>
        FirstAtLeast(_ranges.Length, index => _ranges[index].Address, address + 1) is > 0 and var next && _ranges[next - 1] is var found
        && found.Address != function && address - found.Address < found.Size;

    /// <summary>Whether what lies there jumps on to where a register says.</summary>
    public bool IsThunk(ulong address) => _thunks.ContainsKey(address);

    /// <summary>Which register says it; <see cref="Register.None"/> where none does, and <see cref="Register.EIP"/> where that is not known.</summary>
    public Register ThunkRegister(ulong address) => _thunks.GetValueOrDefault(address);

    /// <summary>Whether what lies there only returns.</summary>
    public bool IsReturnThunk(ulong address) => _returnThunks.Contains(address);

    /// <summary>Whether a function of Go's runtime lies there that comes back when it has made the stack larger.</summary>
    public bool GrowsStack(ulong address) => _stackGrowth.Contains(address);

    /// <summary>Which addresses from one on and below another some data holds.</summary>
    public ReadOnlySpan<ulong> PointedAt(ulong from, ulong end)
    {
        int first = FirstAtLeast(_pointed.Length, index => _pointed[index], from);
        return _pointed.AsSpan(first, FirstAtLeast(_pointed.Length, index => _pointed[index], end) - first);
    }

    /// <summary>The addresses of code that lie one behind the other in data from an address on.</summary>
    public IEnumerable<ulong> PointersFrom(ulong address)
    {
        for (int i = FirstAtLeast(_pointers.Length, index => _pointers[index].Location, address); i < _pointers.Length && _pointers[i].Location == address; i++, address += Word)
        {
            yield return _pointers[i].Target;
        }
    }

    // __x86_indirect_thunk_rax, __llvm_retpoline_r11
    private static Register ThunkRegisterIn(string name) =>
        Array.IndexOf(s_registers, name[(name.LastIndexOf('_') + 1)..]) is var number and >= 0 ? Register.RAX + (number % 16) : Register.EIP;

    private static int FirstAtLeast(int count, Func<int, ulong> at, ulong wanted)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = at(middle) < wanted ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
