using System;
using System.Collections.Generic;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>Every object that others made is read, written and read again; those that are not read are listed, with the reason.</summary>
public sealed class ForeignObjectTests
{
    private static readonly Dictionary<string, string> RefusedByReason = new(StringComparer.Ordinal)
    {
        ["arena-el.elf"] = "map_extra",
        ["btf_map_init-el.elf"] = "initial contents or inner maps",
        ["invalid_map-el.elf"] = "legacy maps",
        ["invalid_map_static-el.elf"] = "legacy maps",
        ["iproute2_map_compat-el.elf"] = "legacy maps",
        ["linked-el.elf"] = "legacy maps",
        ["linked1-el.elf"] = "legacy maps",
        ["linked2-el.elf"] = "legacy maps",
        ["loader-clang-14-el.elf"] = "legacy maps",
        ["loader-clang-17-el.elf"] = "legacy maps",
        ["loader-clang-22-el.elf"] = "legacy maps",
        ["loader-el.elf"] = "legacy maps",
        ["loader_nobtf-el.elf"] = "legacy maps",
        ["manyprogs-el.elf"] = "legacy maps",
        ["struct_ops-el.elf"] = "struct_ops",
        ["subprog_reloc-el.elf"] = "legacy maps",
    };

    [Fact]
    public void Objects_of_cilium_survive_a_round_trip_or_are_refused_for_the_listed_reason() => Check(TestObjects.Cilium());

    [Fact]
    public void Objects_of_libbpf_tools_survive_a_round_trip() => Check(TestObjects.LibbpfTools());

    private static void Check(List<(string Name, byte[] Bytes)> objects)
    {
        List<string> problems = [];
        foreach ((string name, byte[] bytes) in objects)
        {
            RefusedByReason.TryGetValue(name, out string? reason);
            try
            {
                BpfObject first = ObjectFile.Parse(bytes);
                ObjectComparer.AssertEqual(first, ObjectFile.Parse(ObjectFile.Write(first)));
                if (reason is not null)
                {
                    problems.Add($"{name}: is listed as refused, but was read");
                }
            }
            catch (BadFormatException exception) when (reason is not null && exception.Message.Contains(reason, StringComparison.Ordinal))
            {
            }
            catch (Exception exception)
            {
                problems.Add($"{name}: {exception.Message.Split('\n')[0]} {exception.StackTrace!.Split('\n')[0]}");
            }
        }

        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.True(objects.Count > 10, "the corpus is smaller than it was");
    }
}
