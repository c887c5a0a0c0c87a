using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// The features that Fathom asks for. Each probe tries the thing itself and leaves nothing behind. What must be attached to be tried goes to
/// functions that run when the machine goes off, or to what does not exist, which the kernel finds out last.
/// </summary>
public static unsafe partial class KernelFeatures
{
    private static readonly CapabilitySet ToTrace = CapabilitySet.Bpf | CapabilitySet.PerfMon;
    private static readonly CapabilitySet ToNetwork = CapabilitySet.Bpf | CapabilitySet.NetAdmin;

    // Made when it is asked for: the initializers of several files have no order.
    private static IReadOnlyList<KernelFeature>? s_all;

    // Functions of every kernel that run once at most: https://github.com/torvalds/linux/blob/v6.18/kernel/reboot.c
    private static ReadOnlySpan<string> RareFunctions => new string[] { "kernel_power_off", "kernel_halt", "kernel_restart" };

    // mov r0, 0; exit
    private static ReadOnlySpan<ulong> ReturnZero => [0xb7, 0x95];

    /// <summary>All of them, in the order in which they are told.</summary>
    public static IReadOnlyList<KernelFeature> All => s_all ??=
    [
        KernelTypes, MappedTypes, RingBuffer, MappableArrays, Batches, TaskStorage, ProgramNames, Atomics,
        RawTracepoints, TypedTracepoints, TracingLinks, PerfTracepoints, PerfLinks, FunctionEntry, KprobeEvents, TracefsKprobes, KprobeMulti,
        KprobeSession, UprobeEvents, UprobeMulti, UprobeMultiProcess, UprobeSession, SleepableUprobes, AttachCookies, TracepointCookies, Iterators, SecurityModules, CgroupPrograms,
        XdpLinks, Tcx, Statistics,
    ];

    /// <summary>A helper, by its number: asks the verifier whether a program of a type may call it.</summary>
    /// <param name="name">The helper's name, for messages.</param>
    /// <param name="number">Its number (<c>enum bpf_func_id</c>).</param>
    /// <param name="since">The version that it came in.</param>
    /// <param name="type">The type of program.</param>
    public static KernelFeature Helper(string name, int number, string since, ProgramType type) =>
        new("helper " + name, since, kernel => ProbeHelper(kernel, number, new ProgramLoadAttributes { Type = (uint)type }));

    private static FeatureAnswer ProbeHelper(Kernel kernel, int number, ProgramLoadAttributes attributes)
    {
        // A call without arguments: the verifier first looks whether there is such a helper, and only then at its arguments.
        // https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (check_helper_call)
        ReadOnlySpan<ulong> code = [((ulong)(uint)number << 32) | 0x85, 0xb7, 0x95];
        using KernelDescriptor? program = Load(kernel, ref attributes, code, out int error, out VerifierLog log);
        return (FindUnknownHelper(log), log.DecisiveLine) switch
        {
            ({ } line, _) => new FeatureAnswer(FeatureSupport.No, "the verifier says: " + line),
            (null, "") => Judge(kernel, error, "a program that calls it", ToTrace),
            (null, string line) => new FeatureAnswer(FeatureSupport.Yes, "the verifier knows it: " + line),
        };
    }

    /// <summary>
    /// The line with which the verifier says that it knows no such helper, or not for programs of this type; null if it does not. Since Linux 7.3
    /// the decisive line is prose, and this one stands before it.
    /// </summary>
    internal static string? FindUnknownHelper(VerifierLog log) => log.Complaints.Append(log.DecisiveLine).FirstOrDefault(static line =>
        line.Contains("unknown func", StringComparison.Ordinal) || line.Contains("invalid func", StringComparison.Ordinal)
        || line.Contains("cannot use helper", StringComparison.Ordinal));

    private static FeatureAnswer TryMap(Kernel kernel, string what, MapCreateAttributes attributes)
    {
        using KernelDescriptor? map = kernel.Calls.BpfOpen(BpfCommand.MapCreate, ref attributes, "probe", out int error);
        return Judge(kernel, error, what, CapabilitySet.Bpf);
    }

    private static FeatureAnswer TryProgram(Kernel kernel, ProgramLoadAttributes attributes, CapabilitySet needed, string what, params ReadOnlySpan<ulong> code)
    {
        using KernelDescriptor? program = Load(kernel, ref attributes, code.IsEmpty ? ReturnZero : code, out int error, out VerifierLog log);
        return Judge(kernel, error, what, needed, log);
    }

    private static KernelDescriptor? Load(
        Kernel kernel, ref ProgramLoadAttributes attributes, ReadOnlySpan<ulong> code, out int error, out VerifierLog log)
    {
        byte[] text = new byte[4096];
        fixed (ulong* codePointer = code)
        fixed (byte* license = "GPL\0"u8, textPointer = text)
        {
            attributes.Instructions = codePointer;
            attributes.InstructionCount = (uint)code.Length;
            attributes.License = license;
            attributes.Log = textPointer;
            attributes.LogSize = (uint)text.Length;
            attributes.LogLevel = 1;
            KernelDescriptor? program = kernel.Calls.BpfOpen(BpfCommand.ProgramLoad, ref attributes, "probe", out error);
            int length = text.AsSpan().IndexOf((byte)0);
            log = VerifierLog.Parse(program is null ? Encoding.UTF8.GetString(text, 0, length < 0 ? text.Length : length) : "");
            return program;
        }
    }

    // Ids of types that a probe must name; an answer where the kernel does not have them.
    private static bool TryFind(Kernel kernel, BtfKind kind, out string found, out uint id, out FeatureAnswer answer, params ReadOnlySpan<string> names)
    {
        found = "";
        id = 0;
        answer = default;
        try
        {
            foreach (string name in names)
            {
                id = (uint)kernel.Btf.Find(kind, name);
                if (id != 0)
                {
                    found = name;
                    return true;
                }
            }
        }
        catch (KernelBtfException e)
        {
            answer = FromTypes(e);
            return false;
        }

        answer = new FeatureAnswer(FeatureSupport.No, $"the kernel's BTF has no {names[0]}");
        return false;
    }

    private static FeatureAnswer FromTypes(KernelBtfException e) =>
        new(e.ErrorNumber == Errno.ENOENT ? FeatureSupport.No : FeatureSupport.Unknown, e.Message) { Cause = e.Cause };

    // Forbidden says nothing about the kernel, if others are not forbidden it; nor does want of memory. What the kernel calls invalid or
    // unsupported is a no.
    private static FeatureAnswer Judge(Kernel kernel, int error, string tried, CapabilitySet needed, VerifierLog? log = null)
    {
        bool isSilent = log is not { DecisiveLine.Length: > 0 };
        string gives = $"{tried} gives {Errno.NameOf(error)}{(log is not null && isSilent && Refusal.IsForbidden(error) ? " and an empty log" : "")}";
        string said = isSilent ? gives : $"{gives}: {log!.DecisiveLine}";
        return error switch
        {
            0 => new FeatureAnswer(FeatureSupport.Yes, tried + " works"),
            Errno.EINVAL or Errno.E2BIG or Errno.EOPNOTSUPP or Errno.ENOTSUPP or Errno.ENOSYS => new FeatureAnswer(FeatureSupport.No, said),
            Errno.EPERM or Errno.EACCES when isSilent => Forbidden(kernel, gives, needed),
            _ => new FeatureAnswer(FeatureSupport.Unknown, said) { Cause = RefusalCause.Other },
        };
    }

    private static FeatureAnswer Forbidden(Kernel kernel, string gives, CapabilitySet needed)
    {
        RefusalCause cause = Refusal.Diagnose(kernel, needed, out CapabilitySet missing);
        string why = cause switch
        {
            RefusalCause.MissingCapability => $": this process lacks {missing}",
            RefusalCause.UserNamespace => ": the capabilities of a user namespace do not count for this",
            RefusalCause.Lockdown => $": kernel lockdown ({kernel.Lockdown}) forbids it",
            RefusalCause.Seccomp => ": a seccomp filter watches this process",
            RefusalCause.LockedMemory => ", perhaps because this process may not lock more memory",
            _ => $", although the process has {needed}: a policy of this kernel or machine",
        };
        bool isFinal = cause is RefusalCause.Lockdown or RefusalCause.KernelPolicy;
        return new(isFinal ? FeatureSupport.No : FeatureSupport.Unknown, gives + why) { Cause = cause, Missing = missing };
    }
}
