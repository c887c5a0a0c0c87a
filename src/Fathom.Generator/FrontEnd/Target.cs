using System.Linq;

namespace Fathom.Generator.FrontEnd;

/// <summary>What a program is attached to, as it stands in a section's name.</summary>
/// <param name="What">What it is, for messages.</param>
/// <param name="Signs">What may stand in a name beside letters, digits and <c>_</c>.</param>
internal sealed record Target(string What, string Signs = "")
{
    /// <summary>True if it cannot be said when attaching.</summary>
    public bool IsNeeded { get; init; }

    /// <summary>For a place in a file: how many parts stand behind its path, each behind a colon.</summary>
    public int Colons { get; init; }

    /// <summary>What is wrong with a target, null if nothing is.</summary>
    public string? FindProblem(string? text)
    {
        if (text is null)
        {
            return IsNeeded ? "its attribute must name " + What : null;
        }

        if (Colons > 0)
        {
            string[] parts = text.Split(':');
            return parts.Length > Colons && parts.All(p => p.Length > 0) && !text.Any(char.IsControl) ? null : "'" + Escape(text) + "' is not " + What;
        }

        string? bad = text.Split('/').FirstOrDefault(part => part.Length == 0 || !part.All(IsAllowed));
        return bad is null ? null : "'" + Escape(bad) + "' is no name of something that the kernel has";
    }

    private bool IsAllowed(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' || Signs.IndexOf(c) >= 0;

    private static string Escape(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
