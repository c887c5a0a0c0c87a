using System.Collections.Generic;

namespace Fathom.Tools.Options;

/// <summary>An option: the command line, the help, the man page and the completion of shells are all made from this.</summary>
/// <param name="Name">The long name, with its dashes.</param>
/// <param name="Letter">The letter of the short name; none if it is NUL.</param>
/// <param name="Help">What it does, in sentences.</param>
public abstract record ToolOption(string Name, char Letter, string Help)
{
    /// <summary>The short name with its dash; null if there is none.</summary>
    public string? ShortName => Letter == '\0' ? null : "-" + Letter;

    /// <summary>What the help calls its value; null if it takes none.</summary>
    public virtual string? ValueName => null;

    /// <summary>What its value can be, as far as a shell can propose it; null if it cannot.</summary>
    public virtual Completion? Completion => null;

    /// <summary>Whether it may be given more than once.</summary>
    public virtual bool Repeats => false;

    /// <summary>An option that it cannot be given together with; null if there is none.</summary>
    public ToolOption? Excludes { get; init; }

    /// <summary>The value.</summary>
    /// <param name="texts">What was given, in this order.</param>
    /// <exception cref="UsageException">It is not one.</exception>
    internal abstract object Read(IReadOnlyList<string> texts);
}

/// <summary>An option without a value.</summary>
/// <param name="Name">The long name, with its dashes.</param>
/// <param name="Letter">The letter of the short name; none if it is NUL.</param>
/// <param name="Help">What it does, in sentences.</param>
public sealed record Flag(string Name, char Letter, string Help) : ToolOption(Name, Letter, Help)
{
    /// <inheritdoc/>
    public override bool Repeats => true;

    internal override object Read(IReadOnlyList<string> texts) => true;
}

/// <summary>An option with a value.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Name">The long name, with its dashes.</param>
/// <param name="Letter">The letter of the short name; none if it is NUL.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Help">What it does, in sentences.</param>
/// <param name="Default">The value where the option is not given.</param>
public sealed record Option<T>(string Name, char Letter, ValueKind<T> Kind, string Help, T? Default = default) : ToolOption(Name, Letter, Help)
    where T : notnull
{
    /// <inheritdoc/>
    public override string ValueName => Kind.Name;

    /// <inheritdoc/>
    public override Completion? Completion => Kind.Completion;

    /// <inheritdoc/>
    public override bool Repeats => Kind.IsList;

    internal override object Read(IReadOnlyList<string> texts) => Kind.Read(Name, string.Join(',', texts));
}
