using System.Collections.Generic;

namespace Fathom.Tools.Options;

/// <summary>The options that were given, with their values.</summary>
public sealed class OptionValues
{
    private readonly Dictionary<string, object> _values = [];

    /// <summary>Reads what was given for an option.</summary>
    /// <param name="option">The option.</param>
    /// <param name="texts">Its values, in this order; none for a flag.</param>
    /// <returns>These values.</returns>
    /// <exception cref="UsageException">A value is not what the option takes.</exception>
    public OptionValues Add(ToolOption option, params IReadOnlyList<string> texts)
    {
        _values[option.Name] = option.Read(texts);
        return this;
    }

    /// <summary>Whether an option was given.</summary>
    public bool Has(ToolOption option) => _values.ContainsKey(option.Name);

    /// <summary>The value of an option; that which it has by default if it was not given.</summary>
    public T? Get<T>(Option<T> option)
        where T : notnull => _values.TryGetValue(option.Name, out object? value) ? (T)value : option.Default;
}
