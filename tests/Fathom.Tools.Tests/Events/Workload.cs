using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Xunit;

namespace Fathom.Tools.Tests.Events;

/// <summary>Runs a tool on a program that makes known events, and reads what it prints.</summary>
internal static class Workload
{
    /// <summary>The program.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Fathom.Workload/debug/Fathom.Workload"));

    /// <summary>A folder of the test's own.</summary>
    public static string Folder() => Directory.CreateTempSubdirectory("fathom-").FullName;

    /// <summary>Removes a folder, also with names that are no text to .NET.</summary>
    public static void Remove(string folder) => RunningProgram.Run("/bin/rm", "-r", folder).Dispose();

    /// <summary>Runs a tool while the workload runs, which is nothing but events: whatever that costs.</summary>
    public static RunningProgram Trace(IEnumerable<string> tool, params string[] workload)
    {
        Programs.NeedRoot();
        RunningProgram traced = RunningProgram.Run(Programs.Direct, [.. tool, .. tool.Contains("--budget") ? (string[])[] : ["--budget", "off"], .. tool.Contains("--json") ? (string[])["-o", "-"] : [], "--", Program, .. workload]);
        Assert.True(traced.ExitCode == 0, traced.Output + traced.Errors);
        return traced;
    }

    /// <summary>Runs a tool while the workload runs, and gives its records of a type.</summary>
    public static List<JsonElement> Records(string type, IEnumerable<string> tool, params string[] workload)
    {
        using RunningProgram traced = Trace([.. tool, "--json"], workload);
        return [.. Parse(traced.Output).Where(record => record.GetProperty("type").GetString() == type)];
    }

    /// <summary>The JSON objects among the lines: those of the tool, not what the workload prints, and without the first and the last ones, which tell of the tool.</summary>
    public static IEnumerable<JsonElement> Parse(string output) => Objects(output).Where(static record => record.Text("type") is not ("start" or "cost" or "end"));

    /// <summary>The last JSON object, which says why the tool ended.</summary>
    public static JsonElement End(string output)
    {
        JsonElement last = Objects(output).Last();
        Assert.Equal("end", last.Text("type"));
        return last;
    }

    private static IEnumerable<JsonElement> Objects(string output) =>
        output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement);

    public static string? Text(this JsonElement record, string name) => record.GetProperty(name).GetString();

    public static int Number(this JsonElement record, string name) => record.GetProperty(name).GetInt32();
}
