using System;
using System.Linq;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;

namespace Fathom.Tools.Shared.Events;

/// <summary>When people see a column. Programs always have it.</summary>
/// <param name="When">In words, such as <c>with -U</c>; empty for always.</param>
/// <param name="By">Whether it is now.</param>
internal sealed record Shown(string When, Func<ToolRequest, bool> By)
{
    /// <summary>Always.</summary>
    public static Shown Always { get; } = new("", static _ => true);

    /// <summary>Never: it is there for programs.</summary>
    public static Shown InJson { get; } = new("in JSON", static _ => false);

    /// <summary>With one of some options.</summary>
    public static Shown With(params ToolOption[] options) => new("with " + Names(options), request => options.Any(request.Has));

    /// <summary>Without one of some options.</summary>
    public static Shown Without(params ToolOption[] options) => new("without " + Names(options), request => !options.Any(request.Has));

    private static string Names(ToolOption[] options) => string.Join(" or ", options.Select(static option => option.ShortName ?? option.Name));
}
