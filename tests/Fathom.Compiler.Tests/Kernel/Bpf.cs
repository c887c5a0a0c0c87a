using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Format.Instructions;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Compiler.Tests.Kernel;

/// <summary>The few bpf(2) commands that running compiled code takes; without descriptors' owners or retries beyond need.</summary>
internal static unsafe class Bpf
{
    private const int BpfSystemCall = 321;
    private const int MapCreate = 0;
    private const int MapLookup = 1;
    private const int MapUpdate = 2;
    private const int ProgramLoad = 5;
    private const int MapFreeze = 22;
    private const int TestRun = 10;
    private const int SyscallProgram = 31;
    private const uint Sleepable = 1 << 4;

    private static readonly Lazy<string?> s_unavailable = new(() =>
    {
        int map = TryCreateMap(MapType.Array, 4, 8, 1, 0);
        if (map < 0)
        {
            return $"bpf(2) refuses to create a map (errno {-map}): running compiled code needs root.";
        }

        _ = close(map);
        return null;
    });

    public static void SkipUnlessAvailable()
    {
        if (s_unavailable.Value is { } reason)
        {
            Assert.Skip(reason);
        }
    }

    public static int CreateMap(MapType type, int keySize, int valueSize, int entries, uint flags)
    {
        int map = TryCreateMap(type, keySize, valueSize, entries, flags);
        return map >= 0 ? map : throw new InvalidOperationException($"BPF_MAP_CREATE: errno {-map}");
    }

    public static void Close(int descriptor) => _ = close(descriptor);

    public static void Write(int map, int key, ReadOnlySpan<byte> value)
    {
        fixed (byte* data = value)
        {
            MapElement(MapUpdate, map, key, data);
        }
    }

    public static void Read(int map, int key, Span<byte> value)
    {
        fixed (byte* data = value)
        {
            MapElement(MapLookup, map, key, data);
        }
    }

    public static void Freeze(int map)
    {
        byte* attributes = stackalloc byte[8];
        new Span<byte>(attributes, 8).Clear();
        *(int*)attributes = map;
        _ = Call(MapFreeze, attributes, 8);
    }

    /// <summary>Loads a program of type SYSCALL; throws with the verifier's log.</summary>
    public static (int Descriptor, int Verified) Load(IReadOnlyList<Instruction> instructions, int type = SyscallProgram)
    {
        byte[] code = InstructionEncoder.Encode(instructions.ToArray());
        var log = new byte[1 << 22];
        byte* attributes = stackalloc byte[152];
        new Span<byte>(attributes, 152).Clear();
        fixed (byte* codePointer = code, logPointer = log, license = "GPL\0"u8)
        {
            *(int*)attributes = type;
            *(int*)(attributes + 4) = code.Length / 8;
            *(ulong*)(attributes + 8) = (ulong)codePointer;
            *(ulong*)(attributes + 16) = (ulong)license;
            *(uint*)(attributes + 44) = type == SyscallProgram ? Sleepable : 0;
            *(int*)(attributes + 24) = 4;
            *(int*)(attributes + 28) = log.Length;
            *(ulong*)(attributes + 32) = (ulong)logPointer;
            int program = Call(ProgramLoad, attributes, 152);
            if (program < 0)
            {
                *(int*)(attributes + 24) = 1;
                program = Call(ProgramLoad, attributes, 152);
            }

            string text = Encoding.UTF8.GetString(log, 0, Array.IndexOf(log, (byte)0));
            if (program < 0)
            {
                throw new InvalidOperationException($"BPF_PROG_LOAD: errno {-program}\n{(text.Length > 700 ? text[^700..] : text)}");
            }

            // "processed 12 insns (limit 1000000) ..."
            int start = text.IndexOf("processed ", StringComparison.Ordinal) + 10;
            int verified = start < 10 ? 0 : int.Parse(text.AsSpan(start, text.IndexOf(' ', start) - start), null);
            return (program, verified);
        }
    }

    /// <summary>Runs a program once; gives what it returned.</summary>
    public static uint Run(int program)
    {
        byte* attributes = stackalloc byte[80];
        new Span<byte>(attributes, 80).Clear();
        *(int*)attributes = program;
        int result = Call(TestRun, attributes, 80);
        return result < 0 ? throw new InvalidOperationException($"BPF_PROG_TEST_RUN: errno {-result}") : *(uint*)(attributes + 4);
    }

    private static int TryCreateMap(MapType type, int keySize, int valueSize, int entries, uint flags)
    {
        byte* attributes = stackalloc byte[80];
        new Span<byte>(attributes, 80).Clear();
        *(int*)attributes = (int)type;
        *(int*)(attributes + 4) = keySize;
        *(int*)(attributes + 8) = valueSize;
        *(int*)(attributes + 12) = entries;
        *(uint*)(attributes + 16) = flags;
        return Call(MapCreate, attributes, 80);
    }

    private static void MapElement(int command, int map, int key, byte* value)
    {
        byte* attributes = stackalloc byte[32];
        new Span<byte>(attributes, 32).Clear();
        *(int*)attributes = map;
        *(ulong*)(attributes + 8) = (ulong)&key;
        *(ulong*)(attributes + 16) = (ulong)value;
        int result = Call(command, attributes, 32);
        if (result < 0)
        {
            throw new InvalidOperationException($"bpf command {command}: errno {-result}");
        }
    }

    private static int Call(int command, byte* attributes, uint size)
    {
        const int again = 11;
        while (true)
        {
            long result = syscall(BpfSystemCall, command, attributes, size);
            if (result >= 0)
            {
                return (int)result;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error != again)
            {
                return -error;
            }
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern long syscall(long number, long command, byte* attributes, long size);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
