using System;
using Fathom.Output.Text;
using Fathom.Runtime;

namespace Fathom.Cli;

/// <summary>What text on standard output is laid out for.</summary>
internal static class TerminalLayout
{
    /// <summary>The terminal at a descriptor, or what a file or pipe gets.</summary>
    /// <param name="descriptor">The descriptor; null if nothing is known of it.</param>
    public static TextLayout Of(int? descriptor) => descriptor is { } number && Kernel.Running.Calls.IsTerminal(number, out int? columns)
        ? new() { Columns = columns ?? TextLayout.Standard, IsTerminal = true, HasColor = TakesColor }
        : TextLayout.Plain;

    /// <summary>The same with or without colours, as the command line says.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="color">always, never or auto; null for what the command line does not say.</param>
    public static TextLayout With(this TextLayout layout, string? color) => color switch
    {
        "always" => layout with { HasColor = true },
        "never" => layout with { HasColor = false },
        _ => layout,
    };

    // https://no-color.org
    private static bool TakesColor => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
}
