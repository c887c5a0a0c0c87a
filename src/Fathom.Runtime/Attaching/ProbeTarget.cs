using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// Functions of a few instructions in a file that lies in memory alone and is mapped here alone, so that probes can be tried on nobody else: what a call
/// costs with a probe. For x86-64.
/// </summary>
internal sealed unsafe class ProbeTarget : IDisposable
{
    /// <summary>Where in the file a function begins with an instruction that the kernel emulates: a push.</summary>
    public const ulong Emulated = MemoryImage.CodeOffset;

    /// <summary>One whose first instruction the kernel must run one step at a time.</summary>
    public const ulong Stepped = MemoryImage.CodeOffset + 0x10;

    /// <summary>One that begins with the nop of one byte that a static probe is.</summary>
    public const ulong Nop = MemoryImage.CodeOffset + 0x20;

    private const int Batches = 15;

    private readonly KernelDescriptor _file;
    private readonly MappedMemory _memory;

    private ProbeTarget(KernelDescriptor file, MappedMemory memory)
    {
        _file = file;
        _memory = memory;
    }

    /// <summary>The file, for this process, as long as this is not disposed.</summary>
    public string Path => $"/proc/self/fd/{_file.Value}";

    private static ReadOnlySpan<byte> Code =>
    [
        0x55, 0x5d, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // push rbp; pop rbp; ret
        0x31, 0xc0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // xor eax, eax; ret
        0x90, 0xc3,                                             // nop; ret
    ];

    /// <summary>Makes the file.</summary>
    /// <returns>It; null where that cannot be done: on another processor, or where no program may lie in memory.</returns>
    public static ProbeTarget? Open(Kernel kernel)
    {
        const int ReadAndExecute = 5, Private = 2, Size = 4096;
        const string Name = "fathom-probe";
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        KernelDescriptor? file = kernel.Calls.CreateProgram(Name, MemoryImage.Build(Code, Size), out _);
        if (file is null)
        {
            return null;
        }

        long address = kernel.Calls.Raw.Map(Size, ReadAndExecute, Private, file.Value, 0);
        if (address is < 0 and > -4096)
        {
            file.Dispose();
            return null;
        }

        return new ProbeTarget(file, new MappedMemory(kernel.Calls.Raw, (nint)address, Size, Name));
    }

    /// <summary>What a call takes, in ns: the median of some batches.</summary>
    /// <param name="function">One of the functions.</param>
    /// <param name="calls">How many are a batch.</param>
    public double MeasureCall(ulong function, int calls)
    {
        // SAFETY: the code is ours, mapped as long as this lives, and what it does to registers every function may.
        var call = (delegate* unmanaged<void>)(_memory.Address + (nint)function);
        Span<double> batches = stackalloc double[Batches];
        foreach (ref double batch in batches)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < calls; i++)
            {
                call();
            }

            batch = Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls;
        }

        batches.Sort();
        return batches[Batches / 2];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }
}
