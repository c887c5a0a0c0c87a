using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>What a process is to run, and as whom.</summary>
/// <param name="Path">The program's file.</param>
/// <param name="Arguments">Its arguments, the first being its name, in the bytes that it is to get.</param>
/// <param name="Environment">Its environment, as <c>NAME=value</c>.</param>
internal sealed record ProcessStart(byte[] Path, IReadOnlyList<byte[]> Arguments, IReadOnlyList<byte[]> Environment)
{
    /// <summary>The user that it runs as; null for that of this process.</summary>
    public ProcessUser? User { get; init; }
}

/// <summary>A user as the kernel knows one.</summary>
/// <param name="User">The user's number.</param>
/// <param name="Group">The number of the group.</param>
/// <param name="Groups">The other groups.</param>
internal sealed record ProcessUser(uint User, uint Group, uint[] Groups);

/// <summary>
/// A child that has its number but waits before its first instruction. It has all that it would have without this process: descriptors, signals,
/// limits, terminal, process group. If this process ends before it lets the child go, the child ends too.
/// </summary>
internal sealed unsafe class HeldProcess : IDisposable
{
    private const int StartMilliseconds = 10_000;
    private const int Kill = 9;

    private readonly KernelCalls _calls;
    private readonly KernelDescriptor _process;
    private readonly KernelDescriptor _report;
    private KernelDescriptor? _gate;
    private int? _exitCode;

    private HeldProcess(KernelCalls calls, int id, KernelDescriptor process, KernelDescriptor gate, KernelDescriptor report) =>
        (_calls, Id, _process, _gate, _report) = (calls, id, process, gate, report);

    /// <summary>Its number.</summary>
    public int Id { get; }

    /// <summary>Its pidfd, which can be read once it has ended.</summary>
    public KernelDescriptor Descriptor => _process;

    /// <summary>Whether it was let go.</summary>
    public bool WasResumed { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded
    {
        get
        {
            Span<PollEntry> entries = [new() { Descriptor = _process.Value, Wanted = PollEntry.In }];
            _calls.Poll(entries, 0);
            return entries[0].Found != 0;
        }
    }

    /// <summary>Why it could not become its program: the errno; 0 if it has, or has not tried.</summary>
    public int Failure { get; private set; }

    /// <summary>Starts a child, which waits.</summary>
    /// <param name="calls">The system calls.</param>
    /// <param name="start">What it is to run.</param>
    /// <exception cref="ResourceLimitException">A limit does not allow it.</exception>
    /// <exception cref="BpfException">It cannot be started.</exception>
    public static HeldProcess Start(KernelCalls calls, ProcessStart start)
    {
        (KernelDescriptor gate, KernelDescriptor gateWriter) = calls.OpenPipe();
        using (gate)
        {
            try
            {
                (KernelDescriptor reportReader, KernelDescriptor report) = calls.OpenPipe();
                using (report)
                {
                    try
                    {
                        return Start(calls, start, gate, gateWriter, report, reportReader);
                    }
                    catch
                    {
                        reportReader.Dispose();
                        throw;
                    }
                }
            }
            catch
            {
                gateWriter.Dispose();
                throw;
            }
        }
    }

    /// <summary>Lets it go.</summary>
    public void Resume()
    {
        WasResumed = true;
        if (_gate is { } gate)
        {
            // An error says that it has ended meanwhile.
            _calls.Write(gate, [1]);
            gate.Dispose();
            _gate = null;
        }
    }

    /// <summary>Sends it a signal; nothing if it has ended.</summary>
    public void Signal(int signal) => _calls.Raw.SignalProcess(_process.Value, signal);

    /// <summary>Waits for its end. One that was not let go ends at once.</summary>
    /// <returns>Its exit code, or 128 and the signal that ended it.</returns>
    public int WaitForExit()
    {
        if (_exitCode is { } known)
        {
            return known;
        }

        _gate?.Dispose();
        _gate = null;
        ChildStatus status = default;
        long result;
        do
        {
            result = _calls.Raw.WaitProcess(_process.Value, &status, ChildStatus.Exited);
        }
        while (result == -Errno.EINTR);
        if (result < 0)
        {
            throw new BpfException("wait for process", $"{Id}", (int)-result, "somebody else has waited for it.");
        }

        Failure = ReadReport();
        _exitCode = status.Code == ChildStatus.ByExit ? status.Status : 128 + status.Status;
        return _exitCode.Value;
    }

    /// <summary>Ends it if it was never let go.</summary>
    public void Dispose()
    {
        if (!WasResumed && _exitCode is null)
        {
            Signal(Kill);
            WaitForExit();
        }

        _gate?.Dispose();
        _report.Dispose();
        _process.Dispose();
    }

    private static HeldProcess Start(
        KernelCalls calls, ProcessStart start, KernelDescriptor gate, KernelDescriptor gateWriter, KernelDescriptor report, KernelDescriptor reportReader)
    {
        using var memory = new PlanMemory();
        byte[][] shell = ["/bin/sh"u8.ToArray(), start.Path, .. System.Linq.Enumerable.Skip(start.Arguments, 1)];
        var plan = new HeldPlan
        {
            Path = memory.Text(start.Path),
            Arguments = memory.Texts(start.Arguments),
            Environment = memory.Texts(start.Environment),
            Shell = memory.Text(shell[0]),
            ShellArguments = memory.Texts(shell),
            Ignored = InheritedState.IgnoredSignals,
            Gate = gate.Value,
            GateWriter = gateWriter.Value,
            Report = report.Value,
            ReportReader = reportReader.Value,
            LimitsOpenFiles = InheritedState.OpenFiles is not null,
            OpenFiles = InheritedState.OpenFiles ?? default,
        };
        if (start.User is { } user)
        {
            plan.ChangesUser = true;
            (plan.User, plan.Group, plan.GroupCount) = (user.User, user.Group, user.Groups.Length);
            plan.Groups = memory.Numbers(user.Groups);
        }

        int descriptor;
        int id = (int)calls.Raw.StartHeld(&plan, &descriptor);
        if (id < 0)
        {
            throw id is -Errno.EMFILE or -Errno.ENFILE or -Errno.ENOMEM or -Errno.EAGAIN
                ? new ResourceLimitException("start process", "", -id, calls.GetLimit(ResourceLimit.OpenFiles).Soft)
                : new BpfException("start process", "", -id, "the kernel gave no further reason.");
        }

        report.Dispose();
        var held = new HeldProcess(calls, id, new KernelDescriptor(calls.Raw, descriptor, "process"), gateWriter, reportReader);
        int problem = held.WaitUntilReady();
        if (problem != 0)
        {
            held.Dispose();
            throw new BpfException("start process", "", problem, problem == Errno.ETIMEDOUT
                ? "it did not begin in time: try it again when the machine is less busy."
                : "it cannot become the user that called sudo.");
        }

        return held;
    }

    // Also comes back when the child is killed meanwhile: the end of its report.
    private int WaitUntilReady()
    {
        Span<PollEntry> entries = [new() { Descriptor = _report.Value, Wanted = PollEntry.In }];
        _calls.Poll(entries, StartMilliseconds);
        return entries[0].Found == 0 ? Errno.ETIMEDOUT : ReadReport();
    }

    private int ReadReport()
    {
        int reason = 0;
        return _calls.Read(_report, MemoryMarshal.AsBytes(new Span<int>(ref reason))) == sizeof(int) ? reason : 0;
    }

    /// <summary>Memory that a plan points into.</summary>
    private sealed class PlanMemory : IDisposable
    {
        private readonly List<nint> _blocks = [];

        public byte* Text(byte[] text)
        {
            byte* block = (byte*)Take((nuint)text.Length + 1);
            text.CopyTo(new Span<byte>(block, text.Length));
            return block;
        }

        public byte** Texts(IReadOnlyList<byte[]> texts)
        {
            byte** block = (byte**)Take((nuint)((texts.Count + 1) * sizeof(nint)));
            for (int i = 0; i < texts.Count; i++)
            {
                block[i] = Text(texts[i]);
            }

            return block;
        }

        public uint* Numbers(uint[] numbers)
        {
            uint* block = (uint*)Take((nuint)(numbers.Length + 1) * sizeof(uint));
            numbers.CopyTo(new Span<uint>(block, numbers.Length));
            return block;
        }

        public void Dispose() => _blocks.ForEach(static block => NativeMemory.Free((void*)block));

        private void* Take(nuint bytes)
        {
            void* block = NativeMemory.AllocZeroed(bytes);
            _blocks.Add((nint)block);
            return block;
        }
    }
}
