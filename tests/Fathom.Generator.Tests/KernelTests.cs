using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Fathom.Bpf;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Programs of each type are accepted by the running kernel's verifier, and those that can be run by hand give what they should.</summary>
public partial class KernelTests
{
    private static readonly Lazy<Assembly> s_functions = new(() => Compiling.Build(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "Functions.cs"))));

    [Fact]
    public void Programs_of_each_type_are_accepted()
    {
        Assembly assembly = Compiling.Build(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "Programs.cs")));
        LoadedObject loaded;
        try
        {
            loaded = LoadedObject.Load(Kernel.Running, ObjectFile.Parse(Compiling.ObjectFileOf(assembly, "Samples")));
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
            return;
        }

        using (loaded)
        {
            Assert.Equal((99u * 100 / 2) + 42, loaded.GetProgram("Sums").TestRun().ReturnValue);
            byte[] packet = new byte[64];
            Assert.Equal(1u, loaded.GetProgram("Filter").TestRun(packet: packet).ReturnValue);
            packet[12] = 8;
            Assert.Equal(2u, loaded.GetProgram("Filter").TestRun(packet: packet).ReturnValue);
        }
    }

    [Theory]
    [InlineData("Probes")]
    [InlineData("Tasks")]
    [InlineData("Cgroups")]
    [InlineData("Usdts")]
    public void Programs_on_functions_tasks_and_cgroups_are_accepted(string type) => Load(type).Dispose();

    [Theory]
    [InlineData("Reads")]
    [InlineData("Returned")]
    [InlineData("ReturnedFifth")]
    [InlineData("ReturnedUnread")]
    public void A_program_at_a_function_is_accepted(string program) => Load("Functions", program).Dispose();

    [Theory]
    [InlineData("Reads")]
    [InlineData("Returned")]
    [InlineData("ReturnedFifth")]
    [InlineData("ReturnedUnread")]
    public void Its_other_form_is_accepted(string program) => Load("Functions", program + ProgramForms.KprobeSuffix).Dispose();

    [Fact]
    public void Of_two_forms_a_kernel_takes_one()
    {
        using LoadedObject loaded = Load("Functions");
        Assert.All(["Reads", "Returned", "ReturnedFifth", "ReturnedUnread"], name => Assert.Contains(loaded.GetProgram(name).Kind, (string[])["fentry", "fexit", "kprobe", "kretprobe"]));
    }

    [Fact]
    public void Arguments_and_results_of_a_function_come_from_its_registers()
    {
        using LoadedObject loaded = Load("Probes");
        (string path, ulong offset) = PlaceOf("libc.so.6", "labs");
        using BpfLink called = loaded.GetProgram("Absolute").AttachUprobe(path, new UserProbe(offset), Environment.ProcessId);
        using BpfLink returned = loaded.GetProgram("Absolutely").AttachUprobe(path, new UserProbe(offset), Environment.ProcessId);
        Assert.Equal(4242424242, Labs(-4242424242));
        Assert.Equal(-4242424242, loaded.GetGlobal<long>(".bss", 0));
        Assert.Equal(4242424242, loaded.GetGlobal<long>(".bss", 8));
    }

    [Fact]
    public void Arguments_of_a_usdt_probe_are_where_its_place_says()
    {
        using LoadedObject loaded = Load("Usdts");
        UsdtSpec spec = default;
        spec.Arguments[0] = new() { Kind = UsdtArgumentKind.Register, Register = 112, Size = 8, IsSigned = 1 };
        spec.Arguments[2] = new() { Kind = UsdtArgumentKind.Constant, Value = -2, Size = 2, IsSigned = 1 };
        spec.Arguments[4] = new() { Kind = UsdtArgumentKind.Memory, Register = 152, Size = 8 };
        new BpfHashMap<ulong, UsdtSpec>(loaded.GetMap(UsdtSpec.MapName)).Set(7, spec);
        (string path, ulong offset) = PlaceOf("libc.so.6", "labs");
        using BpfLink link = loaded.GetProgram("Probe").AttachUprobe(path, new UserProbe(offset, Cookie: 7), Environment.ProcessId);
        _ = Labs(-1234567890123);
        Assert.Equal(-1234567890125, loaded.GetGlobal<long>(".bss", 0));
        Assert.Equal(0, loaded.GetGlobal<long>(".bss", 8));

        // The return address, on top of the stack.
        Assert.NotEqual(0, loaded.GetGlobal<long>(".bss", 16));
    }

    [Fact]
    public void An_iterator_gives_its_records()
    {
        using LoadedObject loaded = Load("Tasks");
        using BpfIterator pass = loaded.GetProgram("Each").OpenIterator();
        List<int> processes = [];
        byte[] buffer = new byte[4096];
        for (int count; (count = pass.Read(buffer)) > 0;)
        {
            processes.AddRange(MemoryMarshal.Cast<byte, int>(buffer.AsSpan(0, count)));
        }

        Assert.Contains(Environment.ProcessId, processes);
        Assert.DoesNotContain(processes, process => process <= 0);
    }

    [LibraryImport("libc.so.6", EntryPoint = "labs")]
    private static partial long Labs(long number);

    /// <summary>Loads an object, or one function of it, under a name that says nothing of its form.</summary>
    private static LoadedObject Load(string type, string? alone = null)
    {
        BpfObject definition = ObjectFile.Parse(Compiling.ObjectFileOf(s_functions.Value, type));
        LoadOptions options = new();
        if (alone is not null)
        {
            definition = definition with { Functions = [definition.Functions.Single(f => f.Name == alone) with { Name = "Alone" }] };
            options.With.Add("Alone");
        }

        try
        {
            return LoadedObject.Load(Kernel.Running, definition, options);
        }
        catch (BpfException e) when (e is MissingCapabilityException or KernelPolicyException or FeatureNotSupportedException)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }

    /// <summary>The file that an exported function of a loaded library is in, and where.</summary>
    private static (string Path, ulong Offset) PlaceOf(string library, string function)
    {
        ulong address = (ulong)NativeLibrary.GetExport(NativeLibrary.Load(library), function);
        foreach (string[] map in File.ReadLines("/proc/self/maps").Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            ulong[] range = [.. map[0].Split('-').Select(n => ulong.Parse(n, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (address >= range[0] && address < range[1])
            {
                return (map[5], address - range[0] + ulong.Parse(map[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            }
        }

        throw new InvalidOperationException(function + " is nowhere");
    }
}
