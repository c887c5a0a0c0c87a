using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Fathom.Format.Objects;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// An object in the kernel: its maps are created and its programs verified. Nothing is attached until <see cref="Attach()"/>. Dispose it to
/// close all; what is attached then still runs until its links are disposed too.
/// </summary>
public sealed class LoadedObject : IDisposable
{
    private readonly Kernel _kernel;
    private readonly Dictionary<string, BpfMap> _maps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MappedMemory> _sections = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shared = new(StringComparer.Ordinal);
    private readonly List<BpfProgram> _programs = [];
    private readonly List<string> _notes = [];

    // Keys of places of static probes, each used once; 0 is no cookie.
    private ulong _usdtPlaces = 1;

    private LoadedObject(Kernel kernel) => _kernel = kernel;

    /// <summary>The kernel that it is in.</summary>
    public Kernel Kernel => _kernel;

    /// <summary>The programs that are loaded, in the object's order.</summary>
    public IReadOnlyList<BpfProgram> Programs => _programs;

    /// <summary>What the kernel did not take and the programs run without, in words; usually empty.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Relocates, creates maps, loads programs. What was created before an error is closed again.</summary>
    /// <exception cref="VerifierRejectedException">The verifier refused a program.</exception>
    /// <exception cref="BpfException">The process may not, or the kernel cannot; the derived type and the message say which and why.</exception>
    /// <exception cref="Format.BadFormatException">The object contradicts itself.</exception>
    public static LoadedObject Load(Kernel kernel, BpfObject definition, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(definition);
        options ??= new LoadOptions();
        var loaded = new LoadedObject(kernel);
        try
        {
            loaded.LoadAll(definition, options);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>A map by name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public BpfMap GetMap(string name) =>
        _maps.TryGetValue(name, out BpfMap? map) ? map : throw new KeyNotFoundException($"The object has no map {name}.");

    /// <summary>A program by name.</summary>
    /// <exception cref="KeyNotFoundException">There is none, or it was not loaded.</exception>
    public BpfProgram GetProgram(string name)
    {
        foreach (BpfProgram program in _programs)
        {
            if (program.Name == name)
            {
                return program;
            }
        }

        throw new KeyNotFoundException($"The object has no program {name}, or it was not loaded.");
    }

    /// <summary>A global variable in <c>.data</c> or <c>.bss</c>, in memory shared with the kernel. Not to be used after <see cref="Dispose"/>.</summary>
    /// <param name="section">The section's name.</param>
    /// <param name="offset">Bytes from its start.</param>
    public unsafe ref T GetGlobal<T>(string section, int offset)
        where T : unmanaged
    {
        BpfMap map = GetMap(section);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, map.ValueSize - sizeof(T));
        if (!_sections.TryGetValue(section, out MappedMemory? memory))
        {
            nuint page = (nuint)Environment.SystemPageSize;
            nuint length = ((nuint)map.ValueSize + page - 1) / page * page;
            memory = _kernel.Calls.Map(length, writable: true, shared: true, map.Descriptor, 0, section, out int error)
                ?? throw map.Failure("map memory of", error);
            _sections.Add(section, memory);
        }

        return ref Unsafe.AsRef<T>((byte*)memory.Address + offset);
    }

    /// <summary>
    /// Attaches every loaded program whose section's name says to what (<c>tp_btf/</c>, <c>raw_tp/</c>, <c>tracepoint/</c>, <c>fentry/</c>,
    /// <c>kprobe/</c>). The others are attached before by the methods of <see cref="BpfProgram"/>, or left out (<see cref="LoadOptions.Without"/>); those
    /// that are run or read, and never attached (syscall and iter programs), stay as they are. Dispose the result to detach.
    /// </summary>
    /// <exception cref="BpfException">
    /// There is a program that does not say to what and has not been attached, or none that can be attached: nothing is attached. Or one cannot be
    /// attached: those before it are detached again.
    /// </exception>
    public LinkSet Attach()
    {
        var byName = new List<BpfProgram>();
        var others = new List<BpfProgram>();
        foreach (BpfProgram program in _programs)
        {
            if (program.Section.AttachesByName)
            {
                byName.Add(program);
            }
            else if (!program.WasAttached && program.Kind is not ("syscall" or "iter"))
            {
                others.Add(program);
            }
        }

        return others.Count > 0 ? throw Attacher.NoTargets(others)
            : byName.Count == 0 && !_programs.Exists(static program => program.WasAttached) ? throw Attacher.NoTargets(_programs)
            : Attach(byName);
    }

    /// <summary>Attaches some of the programs by name; all of them if none is named, as <see cref="Attach()"/>.</summary>
    /// <exception cref="BpfException">One cannot be attached; those before it are detached again.</exception>
    /// <exception cref="KeyNotFoundException">There is no such program, or it was not loaded.</exception>
    public LinkSet Attach(params ReadOnlySpan<string> names)
    {
        var programs = new List<BpfProgram>(names.Length);
        foreach (string name in names)
        {
            programs.Add(GetProgram(name));
        }

        return names.IsEmpty ? Attach() : Attach(programs);
    }

    /// <summary>
    /// Attaches a program to a static probe (USDT), at all its places: in one link where the kernel can (Linux 6.6), otherwise at each through perf.
    /// A program that takes arguments needs cookies (Linux 5.15). A counter of listeners (semaphore) is up as long as it is attached.
    /// </summary>
    /// <param name="name">The program.</param>
    /// <param name="file">The program or library with the probe: see <see cref="UserFiles"/>.</param>
    /// <param name="provider">Who provides the probe; empty for any.</param>
    /// <param name="probe">The probe.</param>
    /// <param name="process">The only process; 0 for all.</param>
    /// <exception cref="BpfException">The file has no such probe, an argument is nowhere that is understood, or the kernel refuses.</exception>
    public LinkSet AttachUsdt(string name, UserFile file, string provider, string probe, int process = 0)
    {
        LinkSet links = UsdtAttachment.Attach(
            GetProgram(name), _maps.GetValueOrDefault(Bpf.UsdtSpec.MapName), _usdtPlaces, file, provider, probe, process, out int count);
        _usdtPlaces += (ulong)count;
        return links;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BpfProgram program in _programs)
        {
            program.Descriptor.Dispose();
        }

        foreach (MappedMemory memory in _sections.Values)
        {
            memory.Dispose();
        }

        foreach ((string name, BpfMap map) in _maps)
        {
            if (!_shared.Contains(name))
            {
                map.Descriptor.Dispose();
            }
        }
    }

    private static LinkSet Attach(List<BpfProgram> programs)
    {
        var links = new LinkSet();
        try
        {
            foreach (BpfProgram program in programs)
            {
                links.Add(program.Attach());
            }

            return links;
        }
        catch
        {
            links.Dispose();
            throw;
        }
    }

    private void LoadAll(BpfObject definition, LoadOptions options)
    {
        // Read all names first: a mistake in one is told before anything is made.
        List<Entry> entries = EntriesOf(_kernel, definition, options);
        CapabilitySet needed = CapabilitySet.Bpf;
        foreach (Entry entry in entries)
        {
            needed |= entry.Section.Needed;
        }

        if (entries.Count > 0 && entries.TrueForAll(static entry => entry.Section.Type == ProgramType.Tracing && entry.Other is null))
        {
            // None of them is loaded without the kernel's types: that is told first, and not what a map lacks for the same reason.
            _ = _kernel.Btf;
        }

        using ObjectBtf btf = ObjectBtf.Load(_kernel, definition);
        if (btf.Refusal.Length > 0)
        {
            _notes.Add(btf.Refusal);
        }

        foreach (MapDefinition map in definition.Maps)
        {
            // An empty section is no map to the kernel, and nothing can refer to it.
            if (options.Maps.TryGetValue(map.Name, out BpfMap? shared))
            {
                _maps.Add(map.Name, shared.Expect(map.KeySize, map.ValueSize, map.Type));
                _shared.Add(map.Name);
            }
            else if (map.Name != ProgramLoader.Configuration && (map.InitialValue is null || map.ValueSize > 0))
            {
                _maps.Add(map.Name, MapFactory.Create(_kernel, map, options, btf, needed));
            }
        }

        if (options.HasConstants && !_maps.ContainsKey(".rodata"))
        {
            throw new ArgumentException("Constants are set, but the object has no .rodata.", nameof(options));
        }

        var loader = new ProgramLoader(_kernel, definition, btf, _maps);
        foreach (Entry entry in entries)
        {
            _programs.Add(Load(loader, entry));
        }
    }

    private static List<Entry> EntriesOf(Kernel kernel, BpfObject definition, LoadOptions options)
    {
        HashSet<string> names = [.. definition.Functions.Where(static function => function.IsEntry).Select(static function => function.Name)];
        Dictionary<string, BpfFunction> others = definition.Functions
            .Where(function => function.KprobeFormOf is { } first && names.Contains(first))
            .ToDictionary(static function => function.KprobeFormOf!, StringComparer.Ordinal);

        var entries = new List<Entry>();
        foreach (BpfFunction function in definition.Functions)
        {
            if (!function.IsEntry || options.Without.Contains(function.Name) || others.ContainsValue(function))
            {
                continue;
            }

            BpfFunction? other = others.GetValueOrDefault(function.Name);
            ProgramSection section = SectionOf(function);
            if (!section.IsOptional || other is not null || options.With.Contains(function.Name))
            {
                entries.Add(new(function, section, other, other is null ? default : SectionOf(other)));
            }

            ProgramSection SectionOf(BpfFunction form)
            {
                ProgramSection read = ProgramSection.Parse(form.Section);
                if (read.Kind == "usdt" && kernel.Probe(KernelFeatures.UprobeMulti).Support == FeatureSupport.Yes)
                {
                    // Which of the two it is must be known when it is verified.
                    read = read with { Kind = "usdt.multi", AttachType = ProgramSection.TraceUprobeMulti };
                }

                return options.Targets.TryGetValue(function.Name, out string? target) ? read with { Target = target } : read;
            }
        }

        return entries;
    }

    // Of the two forms of a program the first that the kernel takes. The verifier's opinion of the first is the one to tell if it likes neither:
    // what it says is then about the method, not about the form.
    private static BpfProgram Load(ProgramLoader loader, Entry entry)
    {
        try
        {
            return loader.Load(entry.Function, entry.Section);
        }
        catch (BpfException e) when (entry.Other is not null
            && e is FeatureNotSupportedException or KernelPolicyException or KernelBtfException or VerifierRejectedException)
        {
            try
            {
                return loader.Load(entry.Other!, entry.OtherSection, entry.Function.Name);
            }
            catch (VerifierRejectedException) when (e is VerifierRejectedException)
            {
                ExceptionDispatchInfo.Throw(e);
                throw;
            }
        }
    }

    private readonly record struct Entry(BpfFunction Function, ProgramSection Section, BpfFunction? Other, ProgramSection OtherSection);
}
