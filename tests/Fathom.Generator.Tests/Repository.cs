using System;
using System.IO;

namespace Fathom.Generator.Tests;

/// <summary>Files of the repository that the tests run in.</summary>
internal static class Repository
{
    private static readonly Lazy<string> s_root = new(() =>
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(folder, "Fathom.slnx")))
        {
            folder = System.IO.Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    });

    public static string Path(string relative) => System.IO.Path.Combine(s_root.Value, relative);
}
