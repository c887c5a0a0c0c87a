using System;
using System.Buffers.Binary;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Fathom.Bpf;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Fathom.Interpreter;
using Microsoft.CodeAnalysis;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Typed arguments of functions: where each form of a program finds them, and how it reads through them.</summary>
public class FunctionTests
{
    private const int ProbeReadUser = 112, ProbeReadKernel = 113, GetFuncRet = 184;
    private const ulong Garbage = 0xdead_beef_0000_0000;

    private const string Program = """
        using Fathom.Bpf;
        using Fathom.Bpf.KernelTypes;
        #pragma warning disable
        enum Mode : short { Minus = -2 }
        unsafe struct Node { public Node* Next; public long Value; }
        [BpfObject(License = "GPL")]
        static unsafe partial class P
        {
            internal static long A, B, C, D, E, F;

            [KernelFunction("f")]
            static void Narrow(int a, byte b, Mode c, bool d, ulong e, sbyte f)
            {
                A = a; B = b; C = (long)c; D = d ? 1 : 2; E = (long)e; F = f;
            }

            [KernelFunction("f")]
            static void Reads(KernelFile* file, long* position)
            {
                A = file->f_flags;
                B = *position;
            }

            [KernelFunctionReturn("f")] static void Returned(int result) => A = result;
            [KernelFunctionReturn("f", Arguments = 2)] static void Third(bool result) => A = result ? 1 : 2;
            [KernelFunctionReturn("f")] static void Unread(long result) => A = 5;
            [Fexit("f")] static void Exits(int a, long result) { A = a; B = result; }
            [Kprobe] static void Second(ushort a, long b) { A = a; B = b; }
            [Kprobe] static void Registers(PtRegs* registers) => A = (long)registers->Rsi;
            [Kretprobe] static void Result(short result) => A = result;
            [Uprobe] static void Walks(int number, Node* node)
            {
                Node copy = *node;
                A = copy.Value;
                B = node->Next->Value;
                C = node[1].Value;
            }
            [Uretprobe] static void Returns(void* result) => A = (long)result;
            [Usdt] static void Probe(long number, Node* node, sbyte narrow, int fourth)
            {
                A = number;
                B = node->Value;
                C = narrow;
                D++;
            }
            [Uprobe] static void Free(void* pointer) { byte first = *(byte*)pointer; A = first; }
        }
        """;

    private static readonly Lazy<(Assembly Assembly, BpfObject Object)> s_built = new(() =>
    {
        Assembly assembly = Compiling.Build(Program);
        return (assembly, ObjectFile.Parse(Compiling.ObjectFileOf(assembly, "P")));
    });

    private readonly Machine _machine = new();

    [Fact]
    public void A_method_on_a_kernel_function_becomes_two_programs()
    {
        var sections = s_built.Value.Object.Functions.Where(f => f.Section[0] == '?').Select(f => (f.Name, f.Section));
        Assert.Equal(
            [
                ("Narrow", "?fentry/f"), ("Narrow__kprobe", "?kprobe/f"), ("Reads", "?fentry/f"), ("Reads__kprobe", "?kprobe/f"),
                ("Returned", "?fexit/f"), ("Returned__kprobe", "?kretprobe/f"), ("Third", "?fexit/f"), ("Third__kprobe", "?kretprobe/f"),
                ("Unread", "?fexit/f"), ("Unread__kprobe", "?kretprobe/f"),
            ],
            sections.Order());
        Type programs = s_built.Value.Assembly.GetType("P", throwOnError: true)!.GetNestedType("Programs", BindingFlags.NonPublic)!;
        Assert.Equal(
            ["Narrow", "Reads", "Returned", "Third", "Unread", "Exits", "Second", "Registers", "Result", "Walks", "Returns", "Probe", "Free"],
            programs.GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.GetRawConstantValue()));
    }

    [Theory]
    [InlineData("Narrow")]
    [InlineData("Narrow__kprobe")]
    public void Above_a_narrow_argument_there_may_be_anything(string program)
    {
        ulong[] arguments = [Garbage | 0xffff_fff9, Garbage | 0x1234_56fe, Garbage | 0x5678_fffe, Garbage | 0x1234_5600, ulong.MaxValue - 1, Garbage | 0x80];
        Assert.Equal([-7, 0xfe, -2, 2, -2, -128], Run(program, arguments));
        arguments[3] = Garbage | 0x1234_5601;
        Assert.Equal(1, Run(program, arguments)[3]);
    }

    [Fact]
    public void Kernel_structs_are_plain_loads_where_the_kernel_knows_their_type()
    {
        Assert.Equal((0, 1), Calls("Reads"));
        Assert.Equal((0, 2), Calls("Reads__kprobe"));
        ulong file = _machine.AddMemory("file", MemoryMarshal.AsBytes([new Bpf.KernelTypes.KernelFile { f_flags = 42 }])).Address;
        ulong position = _machine.AddMemory("position", BitConverter.GetBytes(-3L)).Address;
        Assert.Equal([42, -3], Run("Reads", file, position)[..2]);
        Assert.Equal([42, -3], Run("Reads__kprobe", file, position)[..2]);

        // In neither form a pointer that leads nowhere does any harm.
        Assert.Equal([0, 0], Run("Reads", 0, 8)[..2]);
        Assert.Equal([0, 0], Run("Reads__kprobe", 0, 8)[..2]);
    }

    [Fact]
    public void A_result_is_behind_the_arguments_or_in_its_register()
    {
        _machine.State.FunctionArgumentCount = 1;
        Assert.Equal(-9, Run("Returned", 1, Garbage | 0xffff_fff7)[0]);
        Assert.Equal(-9, Run("Returned__kprobe", Garbage | 0xffff_fff7)[0]);
        Assert.Equal(2, Run("Third", 1, 1, Garbage | 0xff00)[0]);
        Assert.Equal(1, Run("Third", 0, 0, Garbage | 0xff01)[0]);
        Assert.Equal(1, Run("Third__kprobe", Garbage | 0xff01)[0]);
        Assert.Equal([-4, 77], Run("Exits", Garbage | 0xffff_fffc, 77)[..2]);
        Assert.Equal(-2, Run("Result", Garbage | 0xfffe)[0]);
    }

    [Fact]
    public void The_kernel_is_asked_for_a_result_only_where_nothing_else_says_it()
    {
        bool Asks(string program) => Code(program).Contains(Instruction.Call(CallKind.Helper, GetFuncRet));
        Assert.True(Asks("Returned"));
        Assert.False(Asks("Third"));
        Assert.False(Asks("Unread"));
        Assert.False(Asks("Returned__kprobe"));
    }

    [Fact]
    public void A_program_on_a_kprobe_takes_arguments_or_registers()
    {
        Assert.Equal([0x8001, 5], Run("Second", Garbage | 0xabc_8001, 5)[..2]);
        Assert.Equal(5, Run("Registers", 1, 5)[0]);
    }

    [Fact]
    public void Memory_of_the_process_is_read_as_such()
    {
        Assert.Equal((4, 0), Calls("Walks"));
        ulong next = _machine.AddMemory("next", MemoryMarshal.AsBytes([0UL, 3UL])).Address;
        ulong node = _machine.AddMemory("node", MemoryMarshal.AsBytes([next, 1UL, 0UL, 2UL])).Address;
        Assert.Equal([1, 3, 2], Run("Walks", 9, node)[..3]);
        Assert.Equal(0x1000, Run("Returns", 0x1000)[0]);
        Assert.Equal((1, 0), Calls("Free"));
        Assert.Equal(1, Run("Free", _machine.AddMemory("freed", [1, 2]).Address)[0]);
    }

    /// <summary>An argument as it stands in a note, where that is, and what it is.</summary>
    public static TheoryData<string, UsdtArgumentSpec, long> Places => new()
    {
        { "none", default, 0 },
        { "-4@$-5", new() { Kind = UsdtArgumentKind.Constant, Value = -5, Size = 4, IsSigned = 1 }, -5 },
        { "4@$-5", new() { Kind = UsdtArgumentKind.Constant, Value = -5, Size = 4 }, 0xffff_fffb },
        { "8@%rdi", new() { Kind = UsdtArgumentKind.Register, Register = 112, Size = 8 }, unchecked((long)0x8877_6655_4433_f211) },
        { "-2@%di", new() { Kind = UsdtArgumentKind.Register, Register = 112, Size = 2, IsSigned = 1 }, -0xdef },
        { "1@%dil", new() { Kind = UsdtArgumentKind.Register, Register = 112, Size = 1 }, 0x11 },
        { "-1@%ah", new() { Kind = UsdtArgumentKind.Register, Register = 81, Size = 1, IsSigned = 1 }, -16 },
        { "-4@-4(%rbp)", new() { Kind = UsdtArgumentKind.Memory, Register = 32, Value = -4, Size = 4, IsSigned = 1 }, -7 },
        { "2@4(%rbp,%rcx,4)", new() { Kind = UsdtArgumentKind.IndexedMemory, Register = 32, Value = 4, Index = 88, Scale = 2, Size = 2 }, 0xfffe },
        { "8@(%rax)", new() { Kind = UsdtArgumentKind.Memory, Register = 80, Size = 8 }, 0 },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void An_argument_of_a_probe_is_where_its_place_says(string note, UsdtArgumentSpec place, long expected)
    {
        Assert.NotEmpty(note);
        ulong memory = _machine.AddMemory("memory", [0, 0, 0, 0, 0xf9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff]).Address;
        ulong node = _machine.AddMemory("node", MemoryMarshal.AsBytes([0UL, 3UL])).Address;
        UsdtSpec spec = default;
        spec.Arguments[0] = place;
        spec.Arguments[1] = new() { Kind = UsdtArgumentKind.Register, Register = 104, Size = 8 };
        spec.Arguments[2] = new() { Kind = UsdtArgumentKind.Constant, Value = -3, Size = 4, IsSigned = 1 };
        InterpretedObject loaded = InterpretedObject.Load(_machine, s_built.Value.Object);
        Assert.Equal(0, loaded.Maps[UsdtSpec.MapName].Set(BitConverter.GetBytes(9UL), MemoryMarshal.AsBytes(new ReadOnlySpan<UsdtSpec>(in spec))));
        PtRegs registers = new() { Rdi = 0x8877_6655_4433_f211, Rax = 0xf000, Rsi = node, Rbp = memory + 8, Rcx = 2 };
        _machine.State.AttachCookie = 9;
        _ = loaded.Run("Probe", Bytes(registers));
        Assert.Equal([expected, 3, -3, 1], Globals(loaded)[..4]);

        // Nothing is known of another place.
        _machine.State.AttachCookie = 10;
        _ = loaded.Run("Probe", Bytes(registers));
        Assert.Equal(1, Globals(loaded)[3]);
    }

    [Fact]
    public async Task What_is_wrong_is_said_once()
    {
        const string source = """
            using Fathom.Bpf;
            [BpfObject] static unsafe partial class P
            {
                [KernelFunction("f")] static void First(int a) { double d = a; }
                [KernelFunction("f")] static void Second(int a) { _ = Helpers.GetFuncArgCount(Helpers.Context()); }
                [KernelFunction("f")] static unsafe void Third(int a) { _ = Helpers.CopyFromUser(null, 0, null); }
            }
            """;
        var diagnostics = await Compiling.Analyze(Compiling.Compile(source));
        Assert.Equal(["FTH0007", "FTH0014", "FTH0014"], diagnostics.Select(d => d.Id));
        Assert.Contains("a program of type Kprobe", diagnostics[1].GetMessage(), StringComparison.Ordinal);
        Assert.Contains("a program of type Fentry", diagnostics[2].GetMessage(), StringComparison.Ordinal);
    }

    private static Instruction[] Code(string program) => [.. Linker.Link(s_built.Value.Object, program).Instructions];

    /// <summary>How often a program reads memory of the process, and memory of the kernel that it does not know.</summary>
    private static (int User, int Kernel) Calls(string program)
    {
        Instruction[] code = Code(program);
        int Count(int helper) => code.Count(i => i == Instruction.Call(CallKind.Helper, helper));
        return (Count(ProbeReadUser), Count(ProbeReadKernel));
    }

    /// <summary>Runs a program with words as its context, or as the registers that its type has them in, and gives its globals.</summary>
    private long[] Run(string program, params ulong[] words)
    {
        InterpretedObject loaded = InterpretedObject.Load(_machine, s_built.Value.Object);
        string section = s_built.Value.Object.Functions.Single(f => f.Name == program).Section;
        ulong At(int index) => index < words.Length ? words[index] : 0;
        byte[] context = section.Contains("ret", StringComparison.Ordinal) ? Bytes(new PtRegs { Rax = At(0) })
            : section.Contains("probe", StringComparison.Ordinal) ? Bytes(new PtRegs { Rdi = At(0), Rsi = At(1), Rdx = At(2), Rcx = At(3), R8 = At(4), R9 = At(5) })
            : [.. MemoryMarshal.AsBytes<ulong>(words)];
        _ = loaded.Run(program, context);
        return Globals(loaded);
    }

    private static long[] Globals(InterpretedObject loaded)
    {
        byte[] globals = [.. ((ArrayMap)loaded.Maps[".bss"]).GetValue(0)];
        return [.. Enumerable.Range(0, 6).Select(i => BinaryPrimitives.ReadInt64LittleEndian(globals.AsSpan(i * 8)))];
    }

    private static byte[] Bytes(PtRegs registers) => [.. MemoryMarshal.AsBytes(new ReadOnlySpan<PtRegs>(in registers))];
}
