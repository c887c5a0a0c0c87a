using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>
/// Damaged objects give a value or a <see cref="BadFormatException"/>, in memory bounded by the size of the file. The mutations are the same
/// in each run; <c>FATHOM_FUZZ_ROUNDS</c> asks for more of them.
/// </summary>
public sealed class ObjectFuzzTests
{
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("FATHOM_FUZZ_ROUNDS") ?? "2000", CultureInfo.InvariantCulture);

    [Fact]
    public void Damaged_objects_of_ours_are_refused_or_read() => Fuzz([("sample", ObjectFile.Write(SampleObject.Make()))], 1);

    [Fact]
    public void Damaged_objects_of_clang_are_refused_or_read() =>
        Fuzz([.. TestObjects.Cilium().Where(static o => o.Bytes.Length < 20_000)], 2);

    private static void Fuzz(IReadOnlyList<(string Name, byte[] Bytes)> seeds, int seed)
    {
        Random random = new(seed);
        int read = 0;
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            (string name, byte[] original) = seeds[round % seeds.Count];
            byte[] bytes = Mutate(random, original);
            long before = GC.GetAllocatedBytesForCurrentThread();
            BpfObject? value = null;
            try
            {
                value = ObjectFile.Parse(bytes);
                read++;
            }
            catch (BadFormatException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"{name}, seed {seed}, round {round}: {exception}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < (100L * bytes.Length) + 65_536, $"{name}, seed {seed}, round {round}: {allocated} bytes for a file of {bytes.Length}");
            if (value is not null)
            {
                Use(value, $"{name}, seed {seed}, round {round}");
            }
        }

        Assert.True(read > 10 && refused > 10, $"{read} read, {refused} refused: the mutations are too weak or too strong");
    }

    /// <summary>What was read from a damaged file can be linked and written, or is refused in the way that these say.</summary>
    private static void Use(BpfObject value, string where)
    {
        try
        {
            foreach (BpfFunction function in value.Functions.Where(static f => f.IsEntry))
            {
                Linker.Link(value, function.Name);
            }

            ObjectComparer.AssertEqual(value, ObjectFile.Parse(ObjectFile.Write(value)), compareBtf: false);
        }
        catch (Exception exception) when (exception is BadFormatException or ArgumentException)
        {
        }
        catch (Exception exception)
        {
            Assert.Fail($"{where}: {exception}");
        }
    }

    private static byte[] Mutate(Random random, byte[] original)
    {
        byte[] bytes = random.Next(16) == 0 ? original[..random.Next(original.Length)] : (byte[])original.Clone();
        for (int i = random.Next(1, 5); i > 0 && bytes.Length > 8; i--)
        {
            // The tables at the end and the header at the start decide most.
            int at = random.Next(3) switch
            {
                0 => random.Next(Math.Min(64, bytes.Length)),
                1 => bytes.Length - 1 - random.Next(Math.Min(3000, bytes.Length)),
                _ => random.Next(bytes.Length),
            };
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    Interesting(random).CopyTo(bytes, Math.Min(at & ~3, bytes.Length - 4));
                    break;
                case 3:
                    int length = Math.Min(random.Next(1, 64), bytes.Length - at);
                    Array.Copy(bytes, random.Next(bytes.Length - length + 1), bytes, at, length);
                    break;
                default:
                    bytes.AsSpan(at, Math.Min(random.Next(1, 32), bytes.Length - at)).Clear();
                    break;
            }
        }

        return bytes;
    }

    private static byte[] Interesting(Random random) => BitConverter.GetBytes(random.Next(7) switch
    {
        0 => 0,
        1 => -1,
        2 => int.MaxValue,
        3 => int.MinValue,
        4 => random.Next(256),
        5 => random.Next(65536),
        _ => random.Next() * Instruction.SlotSize,
    });
}
