using System;
using System.IO;

namespace Fathom.Runtime.Tests;

/// <summary>Where test data lies that others made.</summary>
internal static class Corpora
{
    /// <summary>The folder.</summary>
    public static string Folder { get; } = Environment.GetEnvironmentVariable("FATHOM_CORPORA") ?? FindCorpora();

    private static string FindCorpora()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "corpora");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return "shared/corpora";
    }
}
