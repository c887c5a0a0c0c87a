using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fathom.Format.Elf.Images;
using Fathom.Runtime;
using Fathom.Workloads;
using static Fathom.Attachments.Suite;

namespace Fathom.Attachments;

/// <summary>
/// What is traced computes the same with a probe as without: registers, flags, the red zone, vectors and memory, for each kind of instruction that gets a
/// probe, and each call is seen once.
/// </summary>
internal static unsafe class SameResultTests
{
    private const int Calls = 7;

    // What kernels refuse themselves, of what gets a probe here: before 5.14 or so this no-operation (branch_setup_xol_ops refused every 66 there).
    private static readonly string[] s_mayBeRefused = ["nop of 2 bytes"];

    private static nint s_library, s_harness, s_data;
    private static string s_path = "";

    public static void Run()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return;
        }

        s_path = Path.Combine(Directory.CreateTempSubdirectory("fathom-").FullName, "libprobed.so");
        TestLibrary.Write(s_path, [.. ProbedCode.All.Select(static one => one.Function), ProbedCode.Harness]);
        s_library = NativeLibrary.Load(s_path);
        s_harness = NativeLibrary.GetExport(s_library, $"f{ProbedCode.All.Count}");
        using (UserImage image = UserImage.Open(Kernel.Running, s_path))
        {
            // Addresses are offsets in the file: the data begins at the page behind the code.
            ElfFunction last = image.Image.FindFunctions($"f{ProbedCode.All.Count}")[0];
            const ulong Page = 4096;
            s_data = s_harness - (nint)last.Address + (nint)((last.Address + last.Size + Page - 1) / Page * Page);
            ulong[] places = [.. ProbedCode.All.Select((one, i) => image.Image.FindFunctions($"f{i}")[0].FileOffset + (ulong)one.Place)];
            Test("same result with a uprobe", [KernelFeatures.UprobeEvents], () => Same("UserCall", places, static (program, place) => program.AttachUprobe(s_path, place, Environment.ProcessId)));
            Test("same result with uprobe_multi", [KernelFeatures.UprobeMulti], () => Same("UserCalls", places, static (program, place) => program.AttachUprobes(s_path, [place], Environment.ProcessId)));
        }

        NativeLibrary.Free(s_library);
        Directory.Delete(Path.GetDirectoryName(s_path)!, recursive: true);
    }

    private static void Same(string name, ulong[] places, Func<BpfProgram, UserProbe, BpfLink> attach)
    {
        var wrong = new List<string>();
        string[] flags = File.ReadLines("/proc/cpuinfo").First(static line => line.StartsWith("flags", StringComparison.Ordinal)).Split(' ');
        using (Probes.Loaded loaded = Trace.Load(Kernel.Running, name))
        {
            BpfProgram program = loaded.Object.GetProgram(name);
            for (int i = 0; i < places.Length; i++)
            {
                ProbedCode code = ProbedCode.All[i];
                if (code.Needs.Length > 0 && !flags.Contains(code.Needs))
                {
                    Console.Out.WriteLine($"# {code.Name}: this processor has no {code.Needs}");
                    continue;
                }

                State[] expected = [Called(i, false), Called(i, true)];
                ulong before = loaded.Calls;
                try
                {
                    using BpfLink link = attach(program, new(places[i]));
                    for (int call = 0; call < 2 * Calls; call++)
                    {
                        State got = Called(i, call % 2 != 0);
                        if (!got.Equals(expected[call % 2]))
                        {
                            wrong.Add($"{code.Name}: {got.Difference(expected[call % 2])}");
                            break;
                        }
                    }

                    if (loaded.Calls - before != 2 * Calls)
                    {
                        wrong.Add($"{code.Name}: {loaded.Calls - before} hits of {2 * Calls}");
                    }
                }
                catch (AttachException e) when (s_mayBeRefused.Contains(code.Name))
                {
                    Console.Out.WriteLine($"# {code.Name}: {e.Advice}");
                }
            }
        }

        Equal("", string.Join("; ", wrong), "differences");
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.NoOptimization)]
    private static State Called(int index, bool isSecond)
    {
        var call = (delegate* unmanaged<State*, nint, void>)s_harness;
        byte* memory = stackalloc byte[State.MemorySize];
        State state = State.Begin(memory, (byte*)s_data, isSecond);
        call(&state, NativeLibrary.GetExport(s_library, $"f{index}"));
        state.Take(memory, (byte*)s_data);
        return state;
    }

    /// <summary>What a function is given and leaves: as the harness knows it, and the memory that it may use.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct State : IEquatable<State>
    {
        public const int MemorySize = 128;

        private const int Numbers = 20;
        private const int MemoryNumbers = MemorySize / sizeof(ulong);
        private const int DataNumbers = TestLibrary.DataSize / sizeof(ulong);
        private const int SourceIndex = 5, DestinationIndex = 6;

        private fixed ulong _registers[Numbers];
        private fixed ulong _memory[MemoryNumbers];
        private fixed ulong _data[DataNumbers];

        public static State Begin(byte* memory, byte* data, bool isSecond)
        {
            // Interrupts are on and bit 1 is always set; all arithmetic flags, or none of them.
            const ulong Plain = 0x202, Arithmetic = 0x8d5;
            State state = default;
            for (int i = 0; i < Numbers; i++)
            {
                state._registers[i] = (isSecond ? 0x0123456789abcdefUL : 0x3ff0000000001789UL) * (ulong)((2 * i) + 1);
            }

            state._registers[0] = isSecond ? 0x40UL : 1789;
            state._registers[1] = isSecond ? 5UL : 1;
            state._registers[2] = 0;
            state._registers[SourceIndex] = (ulong)memory;
            state._registers[15] = isSecond ? Plain | Arithmetic : Plain;
            for (int i = 0; i < MemorySize; i++)
            {
                memory[i] = (byte)(i * 7);
            }

            for (int i = 0; i < TestLibrary.DataSize; i++)
            {
                data[i] = (byte)((i * 5) + (isSecond ? 7 : 1));
            }

            return state;
        }

        /// <summary>Takes the memory too, and makes addresses in it distances, since they may differ from call to call.</summary>
        public void Take(byte* memory, byte* data)
        {
            foreach (int index in (ReadOnlySpan<int>)[SourceIndex, DestinationIndex, 3])
            {
                ulong distance = _registers[index] - (ulong)memory;
                _registers[index] = distance <= MemorySize ? distance : _registers[index];
            }

            for (int i = 0; i < MemoryNumbers; i++)
            {
                _memory[i] = ((ulong*)memory)[i];
            }

            for (int i = 0; i < DataNumbers; i++)
            {
                _data[i] = ((ulong*)data)[i];
            }
        }

        public readonly bool Equals(State other) => Difference(other).Length == 0;

        public override readonly bool Equals(object? obj) => obj is State other && Equals(other);

        public override readonly int GetHashCode() => 0;

        /// <summary>The first number that differs; empty if none does.</summary>
        public readonly string Difference(State other)
        {
            for (int i = 0; i < Numbers + MemoryNumbers + DataNumbers; i++)
            {
                (string what, ulong mine, ulong theirs) = i < Numbers ? ($"register {i}", _registers[i], other._registers[i])
                    : i < Numbers + MemoryNumbers ? ($"memory {i - Numbers}", _memory[i - Numbers], other._memory[i - Numbers])
                    : ($"data {i - Numbers - MemoryNumbers}", _data[i - Numbers - MemoryNumbers], other._data[i - Numbers - MemoryNumbers]);
                if (mine != theirs)
                {
                    return $"{what} is 0x{mine:x} in place of 0x{theirs:x}";
                }
            }

            return "";
        }
    }
}
