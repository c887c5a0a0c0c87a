using System;
using System.Collections.Generic;

namespace Fathom.Tools.Options;

/// <summary>A kind of value, and how it is read from text.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Name">What the help calls it, in capitals.</param>
/// <param name="Read">
/// Reads it. The first argument says what is read, as the subject of a sentence; the second is the text, never empty. What is not of this kind is a
/// <see cref="UsageException"/>. It looks at the text only: whether the machine has such a thing is asked when the tool starts.
/// </param>
public sealed record ValueKind<T>(string Name, Func<string, string, T> Read)
{
    /// <summary>What a shell can propose; null for nothing.</summary>
    public Completion? Completion { get; init; }

    /// <summary>Whether it is a list, separated by commas, to which an option that is given again adds.</summary>
    public bool IsList { get; init; }
}

/// <summary>Where a shell finds what it can propose.</summary>
public enum CompletionSource
{
    /// <summary>Among given words.</summary>
    Words,
    /// <summary>Files.</summary>
    Files,
    /// <summary>Directories.</summary>
    Directories,
    /// <summary>Numbers of processes.</summary>
    Processes,
    /// <summary>Names of users.</summary>
    Users,
    /// <summary>Names of disks.</summary>
    Disks,
}

/// <summary>What a shell can propose.</summary>
/// <param name="Source">Where it finds that.</param>
/// <param name="Words">The words, of <see cref="CompletionSource.Words"/>.</param>
public sealed record Completion(CompletionSource Source, params IReadOnlyList<string> Words);
