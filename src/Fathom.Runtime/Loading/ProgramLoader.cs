using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Text;
using Fathom.Format.Btf;
using Fathom.Format.CoRe;
using Fathom.Format.Instructions;
using Fathom.Format.Linux;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Loads the programs of one object: links, relocates, completes references, and gives the result to the verifier.</summary>
internal sealed unsafe class ProgramLoader(Kernel kernel, BpfObject definition, ObjectBtf btf, Dictionary<string, BpfMap> maps)
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (struct bpf_func_info, struct bpf_line_info)
    private const int FunctionInfoSize = 8;
    private const int LineInfoSize = 16;

    // BPF_F_SLEEPABLE, which the verifier demands of syscall programs.
    private const uint Sleepable = 1u << 4;

    /// <summary>The section of what the program asks of the kernel's configuration (<c>__kconfig</c>).</summary>
    internal const string Configuration = ".kconfig";

    private CoreCandidates? _candidates;
    private KernelReferences? _kernelReferences;
    private IReadOnlyDictionary<string, BpfFunction>? _functions;
    private BtfData? _types;
    private DeclaredArguments? _declared;

    // The object's own types; only asked for where it has some.
    private BtfData Types => _types ??= BtfData.Parse(definition.Btf);

    private DeclaredArguments Declared => _declared ??= new DeclaredArguments(Types);

    /// <summary>Loads one entry program.</summary>
    /// <param name="entry">Its function.</param>
    /// <param name="section">What its section says.</param>
    /// <param name="name">What it is known as, if not by the function's name.</param>
    public BpfProgram Load(BpfFunction entry, ProgramSection section, string? name = null)
    {
        _functions ??= Linker.IndexFunctions(definition);
        LinkedProgram program = Linker.Link(_functions, entry.Name);
        uint attachId = section.Type == ProgramType.Tracing ? FindTarget(program, section) : 0;
        if (attachId != 0 && !definition.Btf.IsEmpty)
        {
            Declared.MustFit(entry.Name, section, kernel.Btf, (int)attachId);
        }

        ImmutableArray<Instruction> instructions = program.Instructions;
        ImmutableArray<CoreResult> relocated = [];
        if (!program.CoreRelocations.IsEmpty)
        {
            // Candidates are looked for once for all programs of the object: that is where the time goes.
            _candidates ??= FindCandidates();
            RelocatedInstructions result = CoreEngine.Relocate(instructions, program.CoreRelocations, _candidates);
            instructions = result.Instructions;
            relocated = result.Results;
        }

        byte[] code = InstructionEncoder.Encode(Complete(instructions, program).AsSpan());
        int[] slots = Slots(program.Instructions);
        byte[] functions = FunctionInfo(program, slots);
        byte[] lines = functions.Length == 0 ? [] : LineInformation(program, slots);
        byte[] license = Encoding.UTF8.GetBytes(definition.License + "\0");
        fixed (byte* codePointer = code, functionPointer = functions, linePointer = lines, licensePointer = license)
        {
            var attributes = new ProgramLoadAttributes
            {
                Type = (uint)section.Type,
                InstructionCount = (uint)(code.Length / Instruction.SlotSize),
                Instructions = codePointer,
                License = licensePointer,
                Name = ObjectName.From(entry.Name),
                ExpectedAttachType = section.AttachType,
                Flags = section.Type == ProgramType.Syscall ? Sleepable : 0,
                AttachBtfId = attachId,
            };
            var plain = attributes;
            if (functions.Length > 0)
            {
                attributes.BtfDescriptor = btf.Descriptor!.Value;
                attributes.FunctionInfo = functionPointer;
                attributes.FunctionInfoSize = FunctionInfoSize;
                attributes.FunctionInfoCount = (uint)(functions.Length / FunctionInfoSize);
                attributes.LineInfo = linePointer;
                attributes.LineInfoSize = lines.Length == 0 ? 0u : LineInfoSize;
                attributes.LineInfoCount = (uint)(lines.Length / LineInfoSize);
            }

            KernelDescriptor? descriptor = Verify(ref attributes, entry.Name, out int error, out string log);
            if (descriptor is null && functions.Length > 0 && IsAboutInformation(error, log))
            {
                descriptor = Verify(ref plain, entry.Name, out error, out log);
            }

            GC.KeepAlive(maps);
            return descriptor is not null
                ? new BpfProgram(kernel, descriptor, name ?? entry.Name, section)
                {
                    // Which tracepoint it will be may be said only when it is attached.
                    Context = section.Type == ProgramType.Tracepoint && !definition.Btf.IsEmpty ? Declared.ContextOf(entry.Name) : null,
                }
                : throw Rejection(program, section, slots, relocated, error, log);
        }
    }

    private CoreCandidates FindCandidates()
    {
        var relocations = new List<CoreRelocation>();
        foreach (BpfFunction function in definition.Functions)
        {
            relocations.AddRange(function.CoreRelocations);
        }

        var candidates = new CoreCandidates(Types, kernel.Btf);
        candidates.Prepare(relocations);
        return candidates;
    }

    // First without a log, which is what it costs when all is well; the reason is asked for only when there is one.
    private KernelDescriptor? Verify(ref ProgramLoadAttributes attributes, string name, out int error, out string log)
    {
        log = "";
        KernelDescriptor? descriptor = kernel.Calls.BpfOpen(BpfCommand.ProgramLoad, ref attributes, "program " + name, out error);
        if (descriptor is not null)
        {
            return descriptor;
        }

        var reader = new VerifierLogReader(kernel, attributes, name, error);
        descriptor = reader.Read();
        error = reader.Error;
        log = reader.Text;
        return descriptor;
    }

    private static bool IsAboutInformation(int error, string log) =>
        error is Errno.EINVAL or Errno.E2BIG && (log.Length == 0 || log.Contains("func_info", StringComparison.Ordinal)
            || log.Contains("line_info", StringComparison.Ordinal) || log.Contains("func[", StringComparison.Ordinal));

    private BpfException Rejection(
        LinkedProgram program, ProgramSection section, int[] slots, ImmutableArray<CoreResult> relocated, int error, string text)
    {
        // The verifier's own, whatever the program: it found no memory, or a signal interrupted it each time.
        if (error is Errno.ENOMEM)
        {
            return new ResourceLimitException("load program", program.Name, error, 0);
        }

        if (error is Errno.EAGAIN)
        {
            return new BpfException("load program", program.Name, error, "signals interrupted the kernel's verifier each time: run it again, when the machine is less busy.");
        }

        if (text.Length == 0)
        {
            return Refusal.IsForbidden(error)
                ? Refusal.Explain(kernel, "load program", program.Name, error, section.Needed, $"programs of type {section.Kind}")
                : new FeatureNotSupportedException("load program", program.Name, error, $"programs of type {section.Kind}, or not in this form");
        }

        VerifierLog log = VerifierLog.Parse(text);
        if (IsLockdown(log))
        {
            return new LockdownException("load program", program.Name, error, "confidentiality");
        }

        VerifierExplanation explanation = VerifierExplanation.Of(log, program);
        int instruction = Array.BinarySearch(slots, log.Instruction);
        if (ExplainPoison(log, instruction < 0 ? ~instruction - 1 : instruction, relocated) is { Length: > 0 } missing)
        {
            explanation = explanation with { Kind = VerifierErrorKind.MissingInKernel, Words = missing, Line = log.DecisiveLine };
        }
        else if (ExplainAtomics(log, program, slots) is { } atomics)
        {
            explanation = atomics;
        }

        return new VerifierRejectedException(program.Name, error, log, explanation);
    }

    // Of a process with CAP_PERFMON only lockdown takes the helpers that read the kernel's memory, and what is left to the verifier is an unknown
    // function: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/helpers.c (bpf_base_func_proto: LOCKDOWN_BPF_READ_KERNEL)
    private bool IsLockdown(VerifierLog log) =>
        KernelFeatures.FindUnknownHelper(log)?.Contains("bpf_probe_read_kernel", StringComparison.Ordinal) == true
        && kernel.Lockdown is "confidentiality" or "unknown";

    // A relocation that failed became an instruction that no kernel takes; reached, it means that the program needs what is not there.
    private static string ExplainPoison(VerifierLog log, int instruction, ImmutableArray<CoreResult> relocated)
    {
        if (!log.Text.Contains("195896080", StringComparison.Ordinal) && !log.Text.Contains("0xbad2310", StringComparison.Ordinal))
        {
            return "";
        }

        foreach (CoreResult result in relocated)
        {
            if (!result.Succeeded && result.Relocation.Instruction == instruction)
            {
                return $"the program needs what this kernel does not have: {result.Explanation}";
            }
        }

        return "";
    }

    // A kernel that does not know an atomic operation says so of the whole program, before it looks at any instruction.
    // https://github.com/torvalds/linux/blob/v5.10/kernel/bpf/verifier.c (resolve_pseudo_ldimm64)
    private VerifierExplanation? ExplainAtomics(VerifierLog log, LinkedProgram program, int[] slots)
    {
        if (!log.DecisiveLine.Contains("BPF_STX uses reserved fields", StringComparison.Ordinal))
        {
            return null;
        }

        for (int i = 0; i < slots.Length; i++)
        {
            if (IsNewAtomic(program.Instructions[i]) && kernel.Probe(KernelFeatures.Atomics).Support == FeatureSupport.No)
            {
                var source = new SourceText(program);
                return new VerifierExplanation(
                    VerifierErrorKind.MissingInKernel,
                    $"this kernel has no {KernelFeatures.Atomics}: only add, and leave the result unused, or keep one value for each CPU",
                    log.DecisiveLine, source.PositionOf(slots[i]), [.. source.InlinedCallsOf(slots[i])]);
            }
        }

        return null;
    }

    private static bool IsNewAtomic(Instruction instruction) =>
        instruction.Class == InstructionClass.StoreX && (instruction.Opcode & 0xe0) == 0xc0 && instruction.Immediate != (int)AtomicOperation.Add;

    private uint FindTarget(LinkedProgram program, ProgramSection section)
    {
        // The type's kind and name: https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (bpf_check_attach_target)
        (BtfKind kind, string name, string what) = section.Kind switch
        {
            "tp_btf" => (BtfKind.Typedef, "btf_trace_" + section.Target, "tracepoint"),
            "iter" => (BtfKind.Function, "bpf_iter_" + section.Target, "iterator"),
            _ => (BtfKind.Function, section.Target, "function"),
        };
        int id = name.Length == 0 ? 0 : kernel.Btf.Find(kind, name);
        return id != 0 ? (uint)id : throw (name.Length == 0
            ? new BpfException("load program", program.Name, 0, $"say which function before loading, with LoadOptions.Targets: the kernel verifies {section.Kind} programs for it.")
            : new FeatureNotSupportedException("load program", program.Name, 0, $"{what} {section.Target} (no type {name} in its BTF)"));
    }

    private ImmutableArray<Instruction> Complete(ImmutableArray<Instruction> instructions, LinkedProgram program)
    {
        if (program.References.IsEmpty)
        {
            return instructions;
        }

        ImmutableArray<Instruction>.Builder completed = instructions.ToBuilder();
        foreach (Reference reference in program.References)
        {
            completed[reference.Instruction] = Complete(completed[reference.Instruction], reference, program.Name);
        }

        return completed.MoveToImmutable();
    }

    private Instruction Complete(Instruction instruction, Reference reference, string program)
    {
        switch (reference.Kind)
        {
            case ReferenceKind.Map:
                return Instruction.LoadImmediate64(instruction.Destination, Descriptor(reference, program), ImmediateKind.MapDescriptor);
            case ReferenceKind.Data when reference.Target == Configuration:
                throw new ObjectNotSupportedException(program, KernelReferences.ConfigurationAt(definition, reference.Addend), "values of the kernel's configuration are not filled in, and would all be 0");
            case ReferenceKind.Data:
                return Instruction.LoadImmediate64(
                    instruction.Destination, (uint)Descriptor(reference, program) | (reference.Addend << 32), ImmediateKind.MapValue);
            case ReferenceKind.KernelSymbol:
                _kernelReferences ??= new KernelReferences(kernel, definition);
                return _kernelReferences.Complete(instruction, reference, program);
            default:
                throw new System.Diagnostics.UnreachableException($"Linking {program} left a reference of kind {reference.Kind}.");
        }
    }

    private int Descriptor(Reference reference, string program) => maps.TryGetValue(reference.Target, out BpfMap? map)
        ? map.Descriptor.Value
        : throw new BpfException("load program", program, 0, $"it refers to a map {reference.Target}, which the object does not define.");

    private static int[] Slots(ImmutableArray<Instruction> instructions)
    {
        int[] slots = new int[instructions.Length];
        int slot = 0;
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i] = slot;
            slot += instructions[i].SlotCount;
        }

        return slots;
    }

    // All functions or none: the kernel counts them. https://github.com/torvalds/linux/blob/v6.18/kernel/bpf/verifier.c (check_btf_func_early)
    private byte[] FunctionInfo(LinkedProgram program, int[] slots)
    {
        if (btf.Descriptor is null)
        {
            return [];
        }

        byte[] bytes = new byte[program.Functions.Length * FunctionInfoSize];
        for (int i = 0; i < program.Functions.Length; i++)
        {
            FunctionStart function = program.Functions[i];
            if (function.TypeId == 0)
            {
                return [];
            }

            Span<byte> record = bytes.AsSpan(i * FunctionInfoSize);
            BinaryPrimitives.WriteInt32LittleEndian(record, slots[function.Instruction]);
            BinaryPrimitives.WriteInt32LittleEndian(record[4..], function.TypeId);
        }

        return bytes;
    }

    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/bpf.h (BPF_LINE_INFO_LINE_NUM): 10 bits of column below the line.
    private byte[] LineInformation(LinkedProgram program, int[] slots)
    {
        byte[] bytes = new byte[program.Lines.Length * LineInfoSize];
        int count = 0;
        for (int i = 0; i < program.Lines.Length; i++)
        {
            LineInfo line = program.Lines[i];
            if (i > 0 && line.IsSamePlace(program.Lines[i - 1]) && !IsStart(program, line.Instruction))
            {
                continue;
            }

            Span<byte> record = bytes.AsSpan(count++ * LineInfoSize);
            BinaryPrimitives.WriteInt32LittleEndian(record, slots[line.Instruction]);
            BinaryPrimitives.WriteInt32LittleEndian(record[4..], btf.StringOffset(line.File));
            BinaryPrimitives.WriteInt32LittleEndian(record[8..], btf.StringOffset(line.Text));
            BinaryPrimitives.WriteInt32LittleEndian(record[12..], (line.Line << 10) | (line.Column & 0x3ff));
        }

        return bytes[..(count * LineInfoSize)];
    }

    // The kernel wants a position at the start of each function.
    private static bool IsStart(LinkedProgram program, int instruction)
    {
        foreach (FunctionStart function in program.Functions)
        {
            if (function.Instruction == instruction)
            {
                return true;
            }
        }

        return false;
    }
}
