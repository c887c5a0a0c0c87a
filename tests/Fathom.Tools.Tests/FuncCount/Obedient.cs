using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using Fathom.Tools.Tests.Events;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>A process that calls the function <c>f10</c> of a library when it is told to, and its memory, in which a breakpoint can be seen.</summary>
internal sealed class Obedient : IDisposable
{
    private const byte Breakpoint = 0xcc;

    private readonly RunningProgram _program;
    private readonly string _fifo;
    private FileStream? _orders;

    private readonly bool _owns;

    private Obedient(RunningProgram program, string fifo, bool owns)
    {
        _program = program;
        _fifo = fifo;
        _owns = owns;
    }

    /// <summary>The number of the process.</summary>
    public int Id { get; private init; }

    /// <summary>Where the function is in its memory.</summary>
    public long Address { get; private init; }

    /// <summary>The words that start such a process.</summary>
    public static string[] Command(string library, string fifo)
    {
        RunningProgram.Run("/usr/bin/mkfifo", fifo).Dispose();
        return [Workload.Program, "obey", library, fifo];
    }

    /// <summary>Starts one.</summary>
    public static Obedient Start(string library, string fifo)
    {
        string[] command = Command(library, fifo);
        var program = RunningProgram.Start(command[0], command[1..]);
        return Of(program, fifo, () => program.Id, owns: true);
    }

    /// <summary>One that another program has started, whose output is that one's.</summary>
    /// <param name="program">The other program.</param>
    /// <param name="fifo">Where it gets its orders.</param>
    /// <param name="id">Finds its number, once it is ready.</param>
    public static Obedient Of(RunningProgram program, string fifo, Func<int> id) => Of(program, fifo, id, owns: false);

    /// <summary>Gives an order and waits until it is done.</summary>
    public void Do(string order)
    {
        _orders ??= new FileStream(_fifo, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        // Who has just begun another program does not read yet.
        SpinWait.SpinUntil(() => TryWrite(order), TimeSpan.FromSeconds(30));
        _program.WaitFor("done " + order);
    }

    private bool TryWrite(string order)
    {
        try
        {
            _orders!.Write(Encoding.ASCII.GetBytes(order + "\n"));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Makes a child that waits, and gives its number.</summary>
    public int Fork(int calls)
    {
        Do($"fork {calls}");
        string output = _program.Output;
        return int.Parse(output[(output.LastIndexOf("child ", StringComparison.Ordinal) + 6)..].Split('\n')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Has a thread that is not the first run the program anew; where the function is, is another address then.</summary>
    public void Execute()
    {
        _orders!.Write("exec\n"u8);
        SpinWait.SpinUntil(() => _program.Output.Split("ready ").Length > 2, TimeSpan.FromSeconds(30));
    }

    /// <summary>Whether there is a breakpoint at the function in its memory.</summary>
    public bool HasBreakpoint() => HasBreakpoint(Id);

    /// <summary>The same of a child.</summary>
    public bool HasBreakpoint(int process)
    {
        using var memory = new FileStream($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        memory.Position = Address;
        return memory.ReadByte() == Breakpoint;
    }

    /// <summary>Ends it.</summary>
    public void End()
    {
        _orders ??= new FileStream(_fifo, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        _orders.Write("end\n"u8);
        _program.WaitForExit();
    }

    public void Dispose()
    {
        _orders?.Dispose();
        if (_owns)
        {
            _program.Dispose();
            return;
        }

        // Of a test that fails it would wait for orders for ever, and hold the output of whoever started it.
        try
        {
            using var process = Process.GetProcessById(Id);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It has ended as it should.
        }
    }

    private static Obedient Of(RunningProgram program, string fifo, Func<int> id, bool owns)
    {
        program.WaitFor("ready ");
        string line = program.Output[program.Output.IndexOf("ready ", StringComparison.Ordinal)..].Split('\n')[0];
        return new Obedient(program, fifo, owns) { Id = id(), Address = long.Parse(line.Split(' ')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) };
    }
}
