using System;
using System.Collections.Generic;

namespace Fathom.Tools.Options;

/// <summary>Several values, separated by commas.</summary>
public static class ListOf
{
    /// <summary>TCP ports.</summary>
    public static ValueKind<IReadOnlyList<int>> Ports { get; } = Kind(WholeNumber.Between("PORT", 1, ushort.MaxValue));

    /// <summary>One or more values of a kind.</summary>
    public static ValueKind<IReadOnlyList<T>> Kind<T>(ValueKind<T> item) => new(item.Name, (what, text) =>
    {
        string[] texts = text.Split([',', '|'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return texts.Length > 0 ? Array.ConvertAll(texts, one => item.Read(what, one))
            : throw new UsageException($"{what} needs at least one {item.Name}, but is '{text}'");
    })
    {
        Completion = item.Completion,
        IsList = true,
    };
}
