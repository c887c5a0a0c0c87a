using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.Format.Objects;
using Xunit;

namespace Fathom.Format.Tests.Objects;

/// <summary>Compares objects by content, member by member, so that a difference is named.</summary>
internal static class ObjectComparer
{
    public static void AssertEqual(BpfObject expected, BpfObject actual, bool compareBtf = true)
    {
        Assert.Equal(expected.License, actual.License);
        Assert.Equal(expected.Functions.Select(static f => f.Section + "/" + f.Name), actual.Functions.Select(static f => f.Section + "/" + f.Name));
        foreach ((BpfFunction first, BpfFunction second) in expected.Functions.Zip(actual.Functions))
        {
            Assert.Equal(first.Instructions.AsEnumerable(), second.Instructions.AsEnumerable());
            Assert.Equal(first.References.AsEnumerable(), second.References.AsEnumerable());
            Assert.Equal(first.Lines.AsEnumerable(), second.Lines.AsEnumerable());
            Assert.Equal(first.InlinedCalls.AsEnumerable(), second.InlinedCalls.AsEnumerable());
            Assert.Equal(first.CoreRelocations.AsEnumerable(), second.CoreRelocations.AsEnumerable());
            Assert.Equal(first.TypeId, second.TypeId);
        }

        Assert.Equal(ByName(expected).Keys, ByName(actual).Keys);
        foreach ((string name, MapDefinition map) in ByName(expected))
        {
            MapDefinition other = ByName(actual)[name];
            Assert.Equal(map with { InitialValue = null }, other with { InitialValue = null });
            Assert.Equal(map.InitialValue is null, other.InitialValue is null);
            Assert.True(Contents(map).AsSpan().SequenceEqual(Contents(other)), $"the initial values of {name} differ");
        }

        if (compareBtf)
        {
            Assert.True(expected.Btf.Span.SequenceEqual(actual.Btf.Span), "the BTF differs");
        }
    }

    // What is behind the initial value is zero.
    private static byte[] Contents(MapDefinition map) =>
        map.InitialValue is { } value ? [.. value.Span, .. new byte[map.ValueSize - value.Length]] : [];

    private static SortedDictionary<string, MapDefinition> ByName(BpfObject value) =>
        new(value.Maps.ToDictionary(static map => map.Name), StringComparer.Ordinal);
}
