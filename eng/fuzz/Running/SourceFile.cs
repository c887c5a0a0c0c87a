using System.IO;
using System.Text.RegularExpressions;

namespace Fathom.Fuzzing.Running;

/// <summary>A subject in a file: a class with the method <c>Entry</c>, and perhaps a comment "Seed N", which its inputs come from.</summary>
internal static partial class SourceFile
{
    public static Subject Read(string path)
    {
        string text = File.ReadAllText(path);
        Match seed = Seed().Match(text);
        return new Subject(Class().Match(text).Groups[1].Value, text, seed.Success ? int.Parse(seed.Groups[1].Value) : 1);
    }

    [GeneratedRegex(@"^public static unsafe class (\w+)", RegexOptions.Multiline)]
    private static partial Regex Class();

    [GeneratedRegex(@"\bSeed (\d+)\b")]
    private static partial Regex Seed();
}
