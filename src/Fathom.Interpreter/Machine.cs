using System;
using System.Collections.Generic;
using Fathom.Format.Objects;

namespace Fathom.Interpreter;

/// <summary>What a run gave.</summary>
/// <param name="Value">R0 at the end; the kernel takes its low 32 bits as the program's result.</param>
/// <param name="Steps">How many instructions were executed.</param>
public readonly record struct RunResult(ulong Value, long Steps)
{
    /// <summary>The result as the kernel takes it.</summary>
    public int ReturnValue => (int)Value;
}

/// <summary>
/// A BPF machine without a kernel: memory in which every access is checked, maps, and a made-up state of the world
/// (<see cref="State"/>). Not safe for concurrent use; a run allocates nothing but what its helpers ask for.
/// </summary>
public sealed partial class Machine
{
    /// <summary>Frames of calls that nest: https://github.com/torvalds/linux/blob/v6.18/include/linux/bpf_verifier.h (MAX_CALL_FRAMES).</summary>
    private const int MaxFrames = 8;

    /// <summary>Bytes of stack in each frame.</summary>
    private const int FrameSize = 512;

    /// <summary>In registers that nobody has set: no address, and no number that is right by accident.</summary>
    private const ulong Unset = 0xa5a5_a5a5_a5a5_a5a5;

    private readonly AddressSpace _memory = new();
    private readonly Frame[] _frames = new Frame[MaxFrames];
    private readonly List<InterpretedMap> _maps = [];
    private readonly byte[] _zeros = new byte[8];
    private readonly MemoryRegion _packet;
    private readonly MemoryRegion _context;
    private InterpretedProgram? _program;
    private InterpretedProgram? _tailCall;
    private int _depth = -1;
    private int _pc;
    private int _tailCalls;
    private long _stepsLeft;

    /// <summary>Creates a machine without maps.</summary>
    /// <param name="cpuCount">How many CPUs it has; per-CPU maps have as many values.</param>
    public Machine(int cpuCount = 1)
    {
        CpuCount = cpuCount >= 1 ? cpuCount : throw new ArgumentOutOfRangeException(nameof(cpuCount));
        _packet = _memory.Add("packet", [], isWritable: true);
        MemoryRegion code = _memory.Add("code", [], isWritable: false);
        System.Diagnostics.Debug.Assert(code.Start == CodeStart, "functions have addresses from there");
        _context = _memory.Add("context", [], isWritable: true);
        for (int i = 0; i < MaxFrames; i++)
        {
            MemoryRegion stack = _memory.Add($"stack of frame {i}", new byte[FrameSize], isWritable: true);
            stack.Extent = 0;
            _frames[i] = new Frame { Stack = stack, Top = stack.Start + FrameSize };
        }
    }

    /// <summary>Time, process and all else that helpers tell of the world.</summary>
    public MachineState State { get; } = new();

    /// <summary>How many CPUs the machine has.</summary>
    public int CpuCount { get; }

    /// <summary>The most instructions that one run may execute.</summary>
    public long StepLimit { get; set; } = 100_000_000;

    /// <summary>What a stack frame and a ring-buffer record are filled with before the program gets them: they hold nothing that it may rely on.</summary>
    public byte Fill { get; set; } = 0xa5;

    /// <summary>The maps, by descriptor less one.</summary>
    public IReadOnlyList<InterpretedMap> Maps => _maps;

    /// <summary>The packet's bytes, of which network contexts hold 32-bit addresses. Empty until <see cref="SetPacket"/>.</summary>
    public MemoryRegion Packet => _packet;

    /// <summary>Where addresses of functions start: the address is that and the index of the instruction.</summary>
    internal static ulong CodeStart => AddressSpace.StartOf(1);

    /// <summary>Makes memory that programs can reach by its address.</summary>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="bytes">What it holds; copied.</param>
    /// <param name="isWritable">True if programs may write it.</param>
    public MemoryRegion AddMemory(string name, ReadOnlySpan<byte> bytes, bool isWritable = false) =>
        _memory.Add(name, bytes.ToArray(), isWritable);

    /// <summary>Takes memory away: an access is a fault from now on.</summary>
    /// <param name="region">What <see cref="AddMemory"/> gave.</param>
    /// <exception cref="ArgumentException">The region is not of this machine.</exception>
    public void RemoveMemory(MemoryRegion region) =>
        AddressSpace.Remove(ReferenceEquals(_memory.Find((region ?? throw new ArgumentNullException(nameof(region))).Start), region)
            ? region
            : throw new ArgumentException($"The {region.Name} is not memory of this machine.", nameof(region)));

    /// <summary>Sets the packet. Its address stays the same.</summary>
    /// <param name="bytes">The packet; copied.</param>
    public void SetPacket(ReadOnlySpan<byte> bytes)
    {
        _packet.Bytes = bytes.ToArray();
        _packet.CellSize = _packet.Extent = (ulong)bytes.Length;
    }

    /// <summary>Creates a map.</summary>
    /// <param name="definition">The map.</param>
    /// <exception cref="ArgumentException">The kernel refuses such a map too, or it is too large for the interpreter.</exception>
    public InterpretedMap AddMap(MapDefinition definition)
    {
        InterpretedMap map = InterpretedMap.Create(_memory, definition, CpuCount);
        map.State = State;
        map.Handle = _memory.Add($"map {definition.Name} itself, which is no memory", [], isWritable: false);
        map.Handle.Owner = map;
        _maps.Add(map);
        map.Descriptor = _maps.Count;
        return map;
    }

    /// <summary>Runs a program with a context.</summary>
    /// <param name="program">The program.</param>
    /// <param name="context">The bytes to which R1 points; what the program writes there is written back.</param>
    /// <exception cref="InterpreterException">The program did what no verified program does; the derived type says what.</exception>
    public RunResult Run(InterpretedProgram program, Span<byte> context = default)
    {
        if (_context.Bytes.Length < context.Length)
        {
            _context.Bytes = new byte[context.Length];
        }

        context.CopyTo(_context.Bytes);
        _context.CellSize = _context.Extent = (ulong)context.Length;
        try
        {
            return Invoke(program, _context.Start);
        }
        finally
        {
            _context.Span.CopyTo(context);
        }
    }

    /// <summary>Runs a program with arguments in registers.</summary>
    /// <param name="program">The program.</param>
    /// <param name="r1">First argument.</param>
    /// <param name="r2">Second argument.</param>
    /// <param name="r3">Third argument.</param>
    /// <param name="r4">Fourth argument.</param>
    /// <exception cref="InterpreterException">The program did what no verified program does; the derived type says what.</exception>
    /// <exception cref="InvalidOperationException">A program is running, or the state names a CPU that is not there.</exception>
    public RunResult Invoke(InterpretedProgram program, ulong r1 = Unset, ulong r2 = Unset, ulong r3 = Unset, ulong r4 = Unset)
    {
        _ = program ?? throw new ArgumentNullException(nameof(program));
        if (_depth >= 0)
        {
            throw new InvalidOperationException("The machine runs a program already.");
        }

        if ((uint)State.Cpu >= (uint)CpuCount)
        {
            throw new InvalidOperationException($"The machine has {CpuCount} CPUs, but the state says that CPU {State.Cpu} runs.");
        }

        _stepsLeft = StepLimit;
        _tailCalls = 0;
        _program = program;
        _pc = 0;
        try
        {
            Push(program, 0);
            ulong value = Execute(program, 0, r1, r2, r3, r4);
            foreach (InterpretedMap map in _maps)
            {
                if (map is RingBufferMap { OpenRecords: > 0 and int open })
                {
                    throw new BadProgramException(Here, $"the program ends with {open} records of {map.Name} neither submitted nor discarded");
                }
            }

            return new RunResult(value, StepLimit - _stepsLeft);
        }
        finally
        {
            while (_depth >= 0)
            {
                _frames[_depth--].Stack.Extent = 0;
            }

            foreach (InterpretedMap map in _maps)
            {
                (map as RingBufferMap)?.DiscardOpen();
            }

            _tailCall = null;
            _program = null;
        }
    }

    private ProgramPosition Here => _program is null ? default : PositionOf(_program, _pc);

    private static ProgramPosition PositionOf(InterpretedProgram program, int pc) => program.PositionOf(pc);

    /// <summary>What a read outside of all regions gives, where the program's type lets it give anything.</summary>
    private ref byte ReadOutside(int nextPc, ulong address, ulong size)
    {
        if (address < AddressSpace.NullLimit && _program!.ReadsNullAsZero)
        {
            _zeros.AsSpan().Clear();
            return ref _zeros[0];
        }

        throw Fault(nextPc, address, size, isWrite: false);
    }

    private MemoryFaultException Fault(int nextPc, ulong address, ulong size, bool isWrite) =>
        Fault(PositionOf(_program!, nextPc - 1), address, (long)size, isWrite, isWrite ? "write" : "read");

    private MemoryFaultException Fault(ProgramPosition position, ulong address, long size, bool isWrite, string what) =>
        new(position, address, size, isWrite, what, _memory.Describe(address, (ulong)size, isWrite));

    private void Push(InterpretedProgram program, int nextPc)
    {
        if (_depth + 1 == MaxFrames)
        {
            throw new BadProgramException(PositionOf(program, nextPc - 1), $"more than {MaxFrames} calls nest");
        }

        ref Frame frame = ref _frames[++_depth];
        frame.Stack.Extent = FrameSize;
        frame.Stack.Bytes.AsSpan().Fill(Fill);
    }

    private unsafe void Enter(InterpretedProgram program, int nextPc, ulong* r)
    {
        Push(program, nextPc);
        ref Frame frame = ref _frames[_depth];
        frame.R6 = r[6];
        frame.R7 = r[7];
        frame.R8 = r[8];
        frame.R9 = r[9];
        frame.ReturnTo = nextPc;
        frame.Caller = program;
        // The callee finds nothing there that it may use.
        r[0] = r[6] = r[7] = r[8] = r[9] = Unset;
    }

    private unsafe int Leave(ulong* r, ref InterpretedProgram program)
    {
        ref Frame frame = ref _frames[_depth--];
        frame.Stack.Extent = 0;
        r[6] = frame.R6;
        r[7] = frame.R7;
        r[8] = frame.R8;
        r[9] = frame.R9;
        r[10] = _frames[_depth].Top;
        r[1] = r[2] = r[3] = r[4] = r[5] = Unset;
        program = _program = frame.Caller!;
        return frame.ReturnTo;
    }

    /// <summary>Calls a function of the running program from a helper.</summary>
    private ulong CallBack(ulong function, ulong r1, ulong r2, ulong r3, ulong r4)
    {
        InterpretedProgram program = _program!;
        int pc = _pc;
        ulong index = function - CodeStart;
        if (index >= (ulong)program.Length)
        {
            throw new BadProgramException(Here, $"0x{function:x} is not the address of a function");
        }

        Push(program, pc + 1);
        ulong result = Execute(program, (int)index, r1, r2, r3, r4);
        _frames[_depth--].Stack.Extent = 0;
        _program = program;
        _pc = pc;
        return result;
    }

    private ulong GetMapHandle(int descriptor, int nextPc) => GetMap(descriptor, nextPc).Handle!.Start;

    private ulong GetMapValue(long immediate, int nextPc)
    {
        InterpretedMap map = GetMap((int)immediate, nextPc);
        uint offset = (uint)(immediate >> 32);
        return map is ArrayMap array && offset < (uint)map.ValueSize
            ? array.Values.Start + offset
            : throw new BadProgramException(PositionOf(_program!, nextPc - 1), $"{map.Name} has no byte {offset} in a first value");
    }

    private InterpretedMap GetMap(int descriptor, int nextPc) => descriptor > 0 && descriptor <= _maps.Count
        ? _maps[descriptor - 1]
        : throw new BadProgramException(PositionOf(_program!, nextPc - 1), $"{descriptor} is not the descriptor of a map");

    private struct Frame
    {
        internal MemoryRegion Stack;
        internal ulong Top;
        internal ulong R6;
        internal ulong R7;
        internal ulong R8;
        internal ulong R9;
        internal int ReturnTo;
        internal InterpretedProgram? Caller;
    }
}
