using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Fathom.Format.Objects;
using Fathom.Format.Tests.Hostile;
using Xunit;

namespace Fathom.Runtime.Tests.Hostile;

/// <summary>Texts of the kernel, of processes and of containers that are made to cost their reader as much as can be.</summary>
public sealed class HostileTextTests
{
    private static readonly string s_logs = Path.Combine(AppContext.BaseDirectory, "VerifierLogs");
    private static readonly BpfObject s_object = ObjectFile.Parse(File.ReadAllBytes(Path.Combine(s_logs, "Rejected.bpf.o")));

    [Fact]
    public void Thousands_of_symbols_at_one_address_and_thousands_of_places_there()
    {
        byte[] symbols = Repeat("ffffffff81000000 t f\n", 1_000_000);
        byte[] places = Repeat("ffffffff81000000 f\n", 1_000_000);
        Cost.OfReading(symbols.Length, () =>
        {
            TraceableMarks marks = new(KernelSymbolTable.Parse(symbols));
            marks.AddByAddress(places);
            Assert.DoesNotContain(false, marks.Values);
        });
    }

    [Fact]
    public void Thousands_of_forbidden_ranges_hold_thousands_of_symbols()
    {
        byte[] symbols = Repeat("ffffffff81000000 t f\n", 1_000_000);
        byte[] ranges = Repeat("0xffffffff80000000-0xffffffff82000000\tf\n", 1_000_000);
        Cost.OfReading(symbols.Length, () =>
        {
            TraceableMarks marks = new(KernelSymbolTable.Parse(symbols));
            marks.AddBySymbols();
            marks.RemoveBlacklisted(ranges);
            Assert.DoesNotContain(true, marks.Values);
        });
    }

    [Theory]
    [InlineData("0 t f\n")]
    [InlineData("0 t f\t[m]\n0 t g\t[n]\n")]
    [InlineData("\n")]
    public void A_table_of_the_shortest_symbols(string line)
    {
        byte[] symbols = Repeat(line, 1_000_000);
        Cost.OfReading(symbols.Length, () =>
        {
            KernelSymbolTable table = KernelSymbolTable.Parse(symbols);
            TraceableMarks marks = new(table);
            marks.AddBySymbols();
            marks.AddByName("f\ng [n]\n"u8);
        });
    }

    [Fact]
    public void The_libraries_of_a_cache_have_ends_of_one_long_name()
    {
        byte[] cache = new byte[1_000_000];
        "glibc-ld.so.cache1.1"u8.CopyTo(cache);
        const int Count = 40_000;
        BinaryPrimitives.WriteInt32LittleEndian(cache.AsSpan(20), Count);
        cache.AsSpan(48 + (Count * 24)).Fill((byte)'/');
        for (int i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(cache.AsSpan(48 + (i * 24) + 4), cache.Length - 4000 + (i % 1000));
            BinaryPrimitives.WriteInt32LittleEndian(cache.AsSpan(48 + (i * 24) + 8), cache.Length - 4000 + (i % 1000));
        }

        cache[^1] = 0;
        Cost.OfReading(cache.Length, () => LoaderCache.Read(cache));
    }

    [Fact]
    public void A_process_with_thousands_of_long_paths()
    {
        StringBuilder maps = new();
        while (maps.Length < 1_000_000)
        {
            maps.Append(CultureInfo.InvariantCulture, $"{maps.Length:x}-{maps.Length + 1:x} r-xp 00000000 08:01 11 /{maps.Length}{new string('\\', 200)}012{new string('x', 3_000)} (deleted)\n");
        }

        byte[] text = Encoding.UTF8.GetBytes(maps.ToString(0, 1_000_000));
        Cost.OfReading(text.Length, () => ProcessFiles.Parse(1, text, "/some/root"));
    }

    public static TheoryData<string, string, string> WorstLogs => new()
    {
        { "branches from nowhere", "0: (bf) r6 = r1\n", "from 77777 to 5: R0=1\n1: (07) r1 += 1\n" },
        { "branches back", "", "1: (07) r1 += 1\nfrom 1 to 5: R0=1\n" },
        { "complaints", "0: (bf) r6 = r1\n", "R1 is what no kernel says\n" },
        { "calls", "", "1: (85) call pc+1\n5: (bf) r6 = r1\n" },
        { "additions", "", "3: (0f) r1 += r2\n2: (bf) r2 = r1\n" },
        { "registers", "", "3: R1=scalar(umax=5) R2=scalar(umax=6) R3=fp-8\n3: (0f) r1 += r2 ; R1_w=scalar(umax=5)\n" },
        { "reservations", "", "3: (85) call bpf_ringbuf_submit#132\n4: (bf) r1 = r6\n" },
        { "types", "[1] STRUCT s size=1\n", "x type_id=1\n" },
        { "states", "", "0: R1=ctx() R10=fp0\n0: (95) exit\n5: R0=1\n" },
        { "one line", "0: (bf) r6 = r1 ; R6=", "scalar(umax=1,smin=2)" },
        { "one complaint", "R1 ", "invalid mem access " },
        { "reasons", "", "Verification failed: x\nReason:\n" },
    };

    [Theory]
    [MemberData(nameof(WorstLogs))]
    public void A_log_of_a_megabyte(string name, string start, string part)
    {
        Assert.NotEmpty(name);
        foreach (string end in (string[])["", "\nR1 invalid mem access 'scalar'\n", "\nR1 unbounded memory access, make sure to bounds check any such access\nprocessed 1 insns\n"])
        {
            string log = start + Encoding.ASCII.GetString(Repeat(part, 1_000_000 - start.Length - end.Length)) + end;
            Cost.OfReading(log.Length, () => Explain(log));
        }
    }

    [Fact]
    public void Every_complaint_without_the_way_to_it()
    {
        // Of a log that was cut off at its beginning only the end is left.
        foreach ((string pattern, _, _) in VerifierRules.All)
        {
            foreach (string value in (string[])["1", "0", "7", "R3", "-1", "x"])
            {
                string complaint = pattern.Replace("*", value, StringComparison.Ordinal);
                Assert.NotNull(Explain(complaint + "\nprocessed 1 insns (limit 1000000)\n").Message);
                Assert.NotNull(Explain($"frame1: R1=1\n{complaint}\n").Message);
                Assert.NotNull(Explain($"{complaint}\nfrom 3 to 5: R1=1\n").Message);
            }
        }
    }

    [Fact]
    public void Every_log_cut_off_at_each_line()
    {
        foreach (string file in Directory.EnumerateFiles(s_logs, "*.log", SearchOption.AllDirectories))
        {
            string log = File.ReadAllText(file);
            int step = Math.Max(1, log.Length / 200);
            for (int at = 0; at < log.Length; at += step)
            {
                Assert.NotNull(Explain(log[at..], Path.GetFileNameWithoutExtension(file)).Message);
            }
        }
    }

    [Theory]
    [InlineData("*a*a*a*a*a*a*a*a*a*b", false)]
    [InlineData("*[a-b][a-b][a-b][a-b]c", false)]
    [InlineData("(a+)+b", true)]
    [InlineData("(a|aa)+$b", true)]
    [InlineData("(.*a){20}b", true)]
    public void A_pattern_and_a_name_of_a_megabyte(string text, bool isRegex)
    {
        NamePattern pattern = NamePattern.Parse(text, isRegex);
        string name = new('a', 1_000_000);
        Cost.OfReading(name.Length, () => pattern.IsMatch(name));
    }

    [Fact]
    public void A_megabyte_of_names_that_might_have_been_meant()
    {
        string[] names = [.. Enumerable.Repeat("vfs_raed", 100_000), new('v', 200_000)];
        Cost.OfReading(1_000_000, () => Assert.Equal("vfs_raed", Assert.Single(Suggestions.Nearest("vfs_read", names, 3))));
    }

    private static VerifierRejectedException Explain(string text, string program = "IndexOfValue")
    {
        VerifierLog log = VerifierLog.Parse(text);
        LinkedProgram linked = Linker.Link(s_object, s_object.Functions.Any(function => function.Name == program) ? program : "IndexOfValue");
        return new VerifierRejectedException(program, 13, log, VerifierExplanation.Of(log, linked));
    }

    private static byte[] Repeat(string part, int length)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(part);
        List<byte> text = new(length);
        while (text.Count + bytes.Length <= length)
        {
            text.AddRange(bytes);
        }

        return [.. text];
    }
}
