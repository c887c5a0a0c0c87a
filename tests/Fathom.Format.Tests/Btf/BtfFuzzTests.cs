using System;
using System.Diagnostics;
using System.Linq;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Fathom.Format.Tests.CoRe;
using Xunit;

namespace Fathom.Format.Tests.Btf;

/// <summary>Damaged bytes give a result or a typed error: no other exception, no endless work, no large allocation.</summary>
public class BtfFuzzTests
{
    private const string Types = """
        enum e { A = 1, B = -2 } enum64 w { BIG = 4294967296 } fwd f
        struct in { u32 a; |{ u64 b; { u16 c : 3; u16 d; }; }; }
        struct s { u32 first; in i; in* p; e k; int[3] n; f* q; u32 low : 3; u32 high : 29; const u8*[4] names; u32[0] tail; }
        typedef s s_t func fn(s_t*, u32) int
        """;

    private static readonly string[] Accesses = ["0", "0:1:1:1:0", "0:4:2", "0:6", "1:9:3", "0:8:1"];
    private static readonly string[] Roots = ["s", "s_t", "e", "w", "in", "fn", "f"];
    private static readonly CoreRelocation[] Relocations = AllRelocations();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Damaged_types_are_read_or_refused(int seed)
    {
        byte[] good = TypeWriter.Write(Types).Btf.Bytes.ToArray();
        Fuzz(seed, good, 20_000, bytes => ReadEverything(BtfData.Parse(bytes)));
    }

    [Fact]
    public void The_damaged_types_of_a_kernel_are_read_or_refused()
    {
        byte[] good = KernelBtf.Read(KernelBtf.Corpus);
        var random = new Random(6);
        var time = Stopwatch.StartNew();
        for (int round = 0; round < 200 && time.ElapsedMilliseconds < 1_500; round++)
        {
            // A part of the types, with all strings behind it, and one damaged bit; or the file cut off.
            byte[] bytes = [.. good];
            if (round % 4 == 0)
            {
                bytes = good[..random.Next(good.Length)];
            }
            else
            {
                int length = random.Next(BitConverter.ToInt32(good, 12)) & ~3;
                BitConverter.GetBytes(length).CopyTo(bytes, 12);
                bytes[24 + random.Next(length + 1)] ^= (byte)(1 << random.Next(8));
            }

            Allow(() => BtfData.Parse(bytes).Find(BtfKind.Struct, "task_struct"));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_types_on_either_side_are_relocated_or_refused(int seed)
    {
        BtfData good = TypeWriter.Write(Types).Btf;
        var random = new Random(seed);
        Fuzz(seed, good.Bytes.ToArray(), 6_000, bytes =>
        {
            BtfData bad = BtfData.Parse(bytes);
            CoreRelocation relocation = Relocations[random.Next(Relocations.Length)];
            (BtfData local, BtfData target) = random.Next(3) switch { 0 => (good, bad), 1 => (bad, good), _ => (bad, bad) };
            Instruction instruction = random.Next(3) switch
            {
                0 => Instruction.LoadImmediate64(Register.R1, random.Next(3)),
                1 => Instruction.Load(MemorySize.Word, Register.R1, Register.R2, (short)random.Next(32)),
                _ => Instruction.Alu64(AluOperation.Move, Register.R1, random.Next(9)),
            };
            CoreEngine.Relocate([instruction], [relocation], local, target);
        });
    }

    [Fact]
    public void Damaged_relocations_are_made_or_refused()
    {
        BtfData good = TypeWriter.Write(Types).Btf;
        var random = new Random(5);
        const string Letters = "0123456789:::-x ";
        for (int i = 0; i < 20_000; i++)
        {
            string access = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Letters[random.Next(Letters.Length)]));
            var relocation = new CoreRelocation(random.Next(-1, 2), random.Next(-1, good.TypeCount + 1), access, (CoreRelocationKind)random.Next(-1, 14));
            var instruction = new Instruction((byte)random.Next(256), 0, 0, (short)random.Next(9), random.Next(9));
            Allow(() => CoreEngine.Relocate([instruction], [relocation], good, good));
        }
    }

    [Fact]
    public void Structs_that_branch_without_end_are_a_typed_error()
    {
        // Each holds the next twice, by members without names: looking for a name in all of them would never end.
        var builder = new BtfBuilder();
        int inner = builder.AddStruct("end", 0, []);
        for (int i = 0; i < 40; i++)
        {
            inner = builder.AddStruct("s", 8, [new BtfMember("", inner, 0), new BtfMember("", inner, 32)]);
        }

        BtfData target = BtfData.Parse(builder.ToArray());
        (BtfData local, var names) = TypeWriter.Write("struct s { u32 a; }");
        var relocation = new CoreRelocation(0, names["s"], "0:0", CoreRelocationKind.FieldByteOffset);
        Assert.Throws<BadFormatException>(() =>
            CoreEngine.Relocate([Instruction.Alu64(AluOperation.Move, Register.R1, 0)], [relocation], local, target));
    }

    private static CoreRelocation[] AllRelocations()
    {
        var names = TypeWriter.Write(Types).Names;
        return
        [
            .. from kind in Enum.GetValues<CoreRelocationKind>()
               from access in Accesses
               from root in Roots
               select new CoreRelocation(0, names[root], access, kind),
        ];
    }

    private static void Fuzz(int seed, byte[] good, int rounds, Action<byte[]> use)
    {
        var random = new Random(seed);
        var time = Stopwatch.StartNew();
        for (int round = 0; round < rounds && time.ElapsedMilliseconds < 1_000; round++)
        {
            byte[] bytes = random.Next(8) == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int i = random.Next(1, 6); i > 0 && bytes.Length > 0; i--)
            {
                int at = random.Next(bytes.Length);
                bytes[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                    _ => good[random.Next(good.Length)],
                };
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            Allow(() => use(bytes));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        }
    }

    private static void Allow(Action action)
    {
        try
        {
            action();
        }
        catch (BadFormatException)
        {
        }
    }

    private static void ReadEverything(BtfData btf)
    {
        BtfDumper.Write(btf, System.IO.TextWriter.Null);
        btf.Find(BtfKind.Struct, "s");
        for (int id = 0; id < btf.TypeCount; id++)
        {
            int asked = id;
            Allow(() => btf.SizeOf(asked));
            Allow(() => btf.SkipModifiers(asked));
        }

        BtfData.Parse(BtfSanitizer.Sanitize(btf, default));
    }
}
