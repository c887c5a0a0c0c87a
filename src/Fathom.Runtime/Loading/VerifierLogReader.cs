using System;
using System.Text;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Loads a program that was refused again, until the kernel's log of it is whole, or as much of it as says why.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="attributes">What was refused.</param>
/// <param name="name">The program's name.</param>
/// <param name="error">The errno of the refusal.</param>
internal sealed unsafe class VerifierLogReader(Kernel kernel, ProgramLoadAttributes attributes, string name, int error)
{
    private const int FirstSize = 64 * 1024;
    private const int SizeOfTooComplex = 1024 * 1024;
    private const int LargestSize = 16 * 1024 * 1024;

    // https://github.com/torvalds/linux/blob/v6.18/include/linux/bpf_verifier.h (BPF_LOG_LEVEL1, BPF_LOG_LEVEL2, BPF_LOG_STATS)
    private const uint Trace = 1;
    private const uint TraceAndStates = 2;
    private const uint ReasonOnly = 4;

    /// <summary>The errno of the refusal; 0 if the kernel took the program after all.</summary>
    public int Error { get; private set; } = error;

    /// <summary>What the verifier said.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Reads the log.</summary>
    /// <returns>The program, if the kernel takes it this time; otherwise null.</returns>
    public KernelDescriptor? Read()
    {
        // A million instructions fill any buffer; what it goes around in can be seen in a small part of that.
        bool isTooComplex = Error == Errno.E2BIG;
        int refusal = Error;
        for (int size = isTooComplex ? SizeOfTooComplex : FirstSize; ;)
        {
            KernelDescriptor? descriptor = Load(Trace, size, out int needed);
            if (descriptor is not null)
            {
                return descriptor;
            }

            // Since Linux 6.4 the kernel says how much it takes, and keeps the end; before, it only says that it was too little, and keeps the start.
            bool isTooSmall = Error == Errno.ENOSPC || needed > size;
            if (isTooSmall && (isTooComplex || size >= LargestSize))
            {
                Error = refusal;
                return needed > 0 ? null : AddReason();
            }

            if (!isTooSmall)
            {
                return HasNoStates(Text) ? ReadStates() : null;
            }

            size = Math.Min(LargestSize, Math.Max(size * 4, needed));
        }
    }

    private KernelDescriptor? AddReason()
    {
        string start = Text;
        int refusal = Error;
        KernelDescriptor? descriptor = Load(ReasonOnly, FirstSize, out _);
        Text = start + "\n" + Text;
        Error = descriptor is null ? refusal : Error;
        return descriptor;
    }

    // Before Linux 5.17 the registers are written only where paths begin, unless more is asked for: that costs a buffer only when it is refused.
    // https://github.com/torvalds/linux/blob/v5.10/kernel/bpf/verifier.c (do_check)
    private KernelDescriptor? ReadStates()
    {
        (string text, int refusal) = (Text, Error);
        for (int size = FirstSize; size <= LargestSize; size *= 4)
        {
            KernelDescriptor? descriptor = Load(TraceAndStates, size, out _);
            if (descriptor is not null)
            {
                return descriptor;
            }

            if (Error != Errno.ENOSPC)
            {
                return null;
            }
        }

        (Text, Error) = (text, refusal);
        return null;
    }

    private static bool HasNoStates(string text) =>
        text.Contains(": (", StringComparison.Ordinal) && !text.Contains("; R", StringComparison.Ordinal)
        && (!text.Contains("R10=fp0", StringComparison.Ordinal) || text.Contains("ctx(id=0,off=0,imm=0)", StringComparison.Ordinal));

    private KernelDescriptor? Load(uint level, int size, out int needed)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(size);
        buffer[0] = 0;
        fixed (byte* pointer = buffer)
        {
            ProgramLoadAttributes logged = attributes;
            logged.LogLevel = level;
            logged.LogSize = (uint)size;
            logged.Log = pointer;
            KernelDescriptor? descriptor = kernel.Calls.BpfOpen(BpfCommand.ProgramLoad, ref logged, "program " + name, out int problem);
            needed = (int)logged.LogTrueSize;
            Error = descriptor is null ? problem : 0;
            int end = buffer.AsSpan().IndexOf((byte)0);
            Text = Encoding.UTF8.GetString(buffer, 0, end < 0 ? buffer.Length : end);
            return descriptor;
        }
    }
}
