using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Cli.Tests;

/// <summary>A program of the system that reads what fathom prints.</summary>
internal static class Installed
{
    private static readonly string[] s_folders = ["/usr/local/bin", "/usr/bin", "/bin"];

    /// <summary>Runs it with a text in a file, whose path follows the arguments. The test is skipped where it is not installed.</summary>
    public static (int Exit, string Output, string Errors) Run(string name, string text, string[] before, params string[] behind)
    {
        string? program = s_folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, $"{name} is not installed.");
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            var start = new ProcessStartInfo(program!, [.. before, file, .. behind]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start.");
            var errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.GetAwaiter().GetResult());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
