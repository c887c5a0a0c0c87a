using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Bpf;
using Fathom.Format.Btf;
using Fathom.Format.Objects;
using Fathom.Interpreter;

namespace Fathom.Testing;

/// <summary>
/// BPF programs in a unit test: the compiled object, run by an interpreter that checks every access to memory, with a world that the test makes
/// up. It needs no root and no kernel, and takes microseconds.
/// </summary>
/// <remarks>
/// What runs is the object that would be loaded, so what is tested is what the compiler made of the methods. What no test here can say is whether a
/// kernel's verifier accepts it, and what that kernel's structs hold: a struct has the fields of the program's view of it, and no others.
/// </remarks>
public sealed class BpfTest
{
    private readonly BtfData? _types;

    private BpfTest(BpfObject definition, BpfTestOptions options)
    {
        Machine = new Machine(options.CpuCount);
        _types = definition.Btf.IsEmpty ? null : BtfData.Parse(definition.Btf);
        Object = InterpretedObject.Load(Machine, definition, new InterpretedObjectOptions
        {
            MaxEntries = options.MaxEntries.ToDictionary(),
            Exists = options.Exists is { } exists ? (what, _) => exists(what) : null,
        });
    }

    /// <summary>The machine, for what has no word here.</summary>
    public Machine Machine { get; }

    /// <summary>The object in the machine, untyped.</summary>
    public InterpretedObject Object { get; }

    /// <summary>The time in ns since boot, as <c>Helpers.KtimeGetNs</c> gives it. It stands still until the test changes it.</summary>
    public ulong Now
    {
        get => Machine.State.TimeNs;
        set => Machine.State.TimeNs = value;
    }

    /// <summary>The current process; its main thread runs.</summary>
    public uint ProcessId
    {
        get => Machine.State.ProcessId;
        set => Machine.State.ProcessId = Machine.State.ThreadId = value;
    }

    /// <summary>The current thread; set it after <see cref="ProcessId"/> where it is not the main thread.</summary>
    public uint ThreadId
    {
        get => Machine.State.ThreadId;
        set => Machine.State.ThreadId = value;
    }

    /// <summary>The current user.</summary>
    public uint UserId
    {
        get => Machine.State.UserId;
        set => Machine.State.UserId = value;
    }

    /// <summary>The name of the current thread.</summary>
    public string Comm
    {
        get => Machine.State.Comm;
        set => Machine.State.Comm = value;
    }

    /// <summary>The CPU that runs programs.</summary>
    public int Cpu
    {
        get => Machine.State.Cpu;
        set => Machine.State.Cpu = value < Machine.CpuCount && value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), $"The machine has {Machine.CpuCount} CPUs.");
    }

    /// <summary>What <c>Helpers.GetCurrentTask</c> gives: the address of a struct that <see cref="Place{T}"/> made.</summary>
    public ulong CurrentTask
    {
        get => Machine.State.CurrentTask;
        set => Machine.State.CurrentTask = value;
    }

    /// <summary>What programs wrote with <c>Helpers.TracePrintk</c>.</summary>
    public IReadOnlyList<string> Trace => [.. Machine.State.Trace];

    /// <summary>Puts an object into a machine of its own.</summary>
    /// <param name="objectFile">The object file, as the generated <c>GetObjectFile()</c> gives it; also one of another compiler.</param>
    /// <param name="options">What may be changed.</param>
    /// <exception cref="Format.BadFormatException">The bytes are no BPF object.</exception>
    public static BpfTest Load(ReadOnlyMemory<byte> objectFile, BpfTestOptions? options = null) => new(ObjectFile.Parse(objectFile), options ?? new());

    /// <summary>Makes a struct in the kernel's memory, for a program to find by its address. It stays until the test ends.</summary>
    /// <param name="value">What it holds. A pointer in it is the address of another such struct, or null.</param>
    /// <typeparam name="T">The program's view of the struct, or any other type.</typeparam>
    public KernelMemory<T> Place<T>(in T value = default)
        where T : unmanaged => new(Machine.AddMemory(typeof(T).Name, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value))));

    /// <summary>Makes a text with a zero behind it in memory, for example the name of a file in the memory of a process.</summary>
    /// <returns>Its address.</returns>
    public ulong PlaceText(string text) => Machine.AddMemory("text", Encoding.UTF8.GetBytes(text + "\0")).Address;

    /// <summary>The address of the traced function, as <c>Helpers.GetFuncIp</c> gives it.</summary>
    public ulong FunctionAddress
    {
        get => Machine.State.FunctionAddress;
        set => Machine.State.FunctionAddress = value;
    }

    /// <summary>What was given when the program was attached, as <c>Helpers.GetAttachCookie</c> gives it.</summary>
    public ulong AttachCookie
    {
        get => Machine.State.AttachCookie;
        set => Machine.State.AttachCookie = value;
    }

    /// <summary>
    /// Runs a program that has arguments: of a typed or raw tracepoint, an iterator, a function. A program at a function's return takes the result;
    /// at its exit, which has the arguments too, these and then the result. Where a context is registers, they are made of the arguments, as for a
    /// call on x86-64. A program without a context takes none.
    /// </summary>
    /// <param name="program">The name, as in the generated <c>Programs</c>; with <c>__kprobe</c> behind it the form for kernels that need that.</param>
    /// <param name="arguments">Numbers, and structs that <see cref="Place{T}"/> made for pointers.</param>
    /// <returns>What the program returned, and how many instructions it took.</returns>
    /// <exception cref="InterpreterException">The program did what no verifier lets pass, or used what the interpreter does not have; the message says the line of C#.</exception>
    public RunResult Run(string program, params ReadOnlySpan<Argument> arguments)
    {
        string type = TypeOf(program);
        bool isRegisters = type.Contains("probe", StringComparison.Ordinal) || type == "usdt";
        if (isRegisters)
        {
            PtRegs registers = Registers(arguments, isReturn: type.Contains("ret", StringComparison.Ordinal));
            return RunOn(program, ref registers);
        }

        Span<ulong> context = stackalloc ulong[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            context[i] = arguments[i].Bits;
        }

        Machine.State.FunctionArgumentCount = Math.Max(arguments.Length - (type.StartsWith("fexit", StringComparison.Ordinal) ? 1 : 0), 0);
        return Object.Run(program, MemoryMarshal.AsBytes(context));
    }

    /// <summary>Runs a program on a context of its own: of a tracepoint's record, a perf event or a system call.</summary>
    /// <param name="program">The name, as in the generated <c>Programs</c>.</param>
    /// <param name="context">The context; what the program writes there is written back.</param>
    /// <exception cref="InterpreterException">As for <see cref="Run"/>.</exception>
    public RunResult RunOn<T>(string program, ref T context)
        where T : unmanaged => Object.Run(program, MemoryMarshal.AsBytes(new Span<T>(ref context)));

    /// <summary>Runs an XDP program on a packet.</summary>
    /// <param name="program">The name, as in the generated <c>Programs</c>.</param>
    /// <param name="packet">The packet; what the program writes there is written back.</param>
    /// <exception cref="InterpreterException">As for <see cref="Run"/>.</exception>
    public XdpAction RunXdp(string program, Span<byte> packet)
    {
        Machine.SetPacket(packet);
        XdpContext context = new() { Data = (uint)Machine.Packet.Address, DataMeta = (uint)Machine.Packet.Address };
        context.DataEnd = context.Data + (uint)packet.Length;
        int result = RunOn(program, ref context).ReturnValue;
        Machine.Packet.Span.CopyTo(packet);
        return (XdpAction)result;
    }

    /// <summary>Runs a traffic control program on a packet.</summary>
    /// <param name="program">The name, as in the generated <c>Programs</c>.</param>
    /// <param name="packet">The packet; what the program writes there is written back.</param>
    /// <param name="context">The rest of the context; its length and addresses are filled in.</param>
    /// <exception cref="InterpreterException">As for <see cref="Run"/>.</exception>
    public TrafficControlAction RunTrafficControl(string program, Span<byte> packet, ref SocketBuffer context)
    {
        Machine.SetPacket(packet);
        context.Length = (uint)packet.Length;
        context.Data = (uint)Machine.Packet.Address;
        context.DataEnd = context.Data + (uint)packet.Length;
        int result = RunOn(program, ref context).ReturnValue;
        Machine.Packet.Span.CopyTo(packet);
        return (TrafficControlAction)result;
    }

    /// <summary>A map with keys and values of these types: hash tables of all kinds, and arrays with <see cref="uint"/> as their key.</summary>
    /// <param name="name">The name of the map's field.</param>
    /// <exception cref="KeyNotFoundException">There is no such map.</exception>
    /// <exception cref="ArgumentException">Its keys or values have other sizes.</exception>
    public TestMap<TKey, TValue> Map<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged => new(Find(name));

    /// <summary>Takes all records from a ring buffer (or perf buffer).</summary>
    /// <param name="name">The name of the map's field.</param>
    /// <exception cref="InvalidOperationException">A record has another size than <typeparamref name="T"/>: take <see cref="TakeRecordBytes"/>.</exception>
    public IReadOnlyList<T> TakeRecords<T>(string name)
        where T : unmanaged
    {
        List<T> records = [];
        foreach (byte[] record in TakeRecordBytes(name))
        {
            records.Add(record.Length == Unsafe.SizeOf<T>()
                ? MemoryMarshal.Read<T>(record)
                : throw new InvalidOperationException($"A record of {name} has {record.Length} bytes, {typeof(T).Name} has {Unsafe.SizeOf<T>()}."));
        }

        return records;
    }

    /// <summary>Takes all records from a ring buffer (or perf buffer) as bytes: records of different lengths.</summary>
    /// <param name="name">The name of the map's field.</param>
    public IReadOnlyList<byte[]> TakeRecordBytes(string name)
    {
        InterpretedMap map = Find(name);
        Func<byte[]?> read = map switch
        {
            RingBufferMap ring => ring.Read,
            PerfEventArrayMap buffers => buffers.Read,
            _ => throw new ArgumentException($"{name} is of type {map.Definition.Type}, which has no records.", nameof(name)),
        };
        List<byte[]> records = [];
        while (read() is { } record)
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>A global variable or constant, to read and to write: constants of the object (<c>[Constant]</c>) are set so before a program runs.</summary>
    /// <param name="name">The name of the static field.</param>
    /// <exception cref="KeyNotFoundException">There is none, or the compiler left it away because no program uses it.</exception>
    /// <exception cref="ArgumentException">It has another size.</exception>
    public unsafe ref T Global<T>(string name)
        where T : unmanaged
    {
        for (int id = 1; _types is not null && id < _types.TypeCount; id++)
        {
            BtfType section = _types.GetType(id);
            if (section.Kind != BtfKind.DataSection || !Object.Maps.TryGetValue(section.Name, out InterpretedMap? map) || map is not ArrayMap data)
            {
                continue;
            }

            for (int i = 0; i < section.Count; i++)
            {
                BtfSectionVariable variable = section.GetSectionVariable(i);
                if (_types.GetType(variable.TypeId).Name == name)
                {
                    if (variable.Size != sizeof(T))
                    {
                        throw new ArgumentException($"{name} has {variable.Size} bytes, {typeof(T).Name} has {sizeof(T)}.");
                    }

                    return ref MemoryMarshal.AsRef<T>(data.GetValue(0).Slice(variable.Offset, variable.Size));
                }
            }
        }

        throw new KeyNotFoundException($"The object has no variable {name}.");
    }

    /// <summary>The type of a program, as its section says it.</summary>
    private string TypeOf(string program) =>
        Object.Definition.Functions.FirstOrDefault(f => f.IsEntry && f.Name == program)?.Section.TrimStart('?').Split('/')[0] ?? "";

    private static PtRegs Registers(ReadOnlySpan<Argument> arguments, bool isReturn)
    {
        int most = isReturn ? 1 : 6;
        if (arguments.Length > most)
        {
            throw new ArgumentException(isReturn ? "When a function returns there is its result only." : "Only the first 6 arguments of a function are in registers.", nameof(arguments));
        }

        Span<ulong> words = stackalloc ulong[6];
        for (int i = 0; i < arguments.Length; i++)
        {
            words[i] = arguments[i].Bits;
        }

        return isReturn
            ? new PtRegs { Rax = words[0] }
            : new PtRegs { Rdi = words[0], Rsi = words[1], Rdx = words[2], Rcx = words[3], R8 = words[4], R9 = words[5] };
    }

    private InterpretedMap Find(string name) =>
        Object.Maps.TryGetValue(name, out InterpretedMap? map) ? map : throw new KeyNotFoundException($"The object has no map {name}.");
}
