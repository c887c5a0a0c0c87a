using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

/// <summary>Every way of attaching on the running kernel: the results of tests/matrix/Attachments, which also runs in guests.</summary>
public sealed class AttachmentTests
{
    private static readonly string s_program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Fathom.Attachments/debug/Fathom.Attachments"));

    /// <summary>A name, and what is wrong; nothing if it passed.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Results()
    {
        CapabilitySet missing = Runtime.Kernel.Running.Capabilities.MissingOf(
            CapabilitySet.Bpf | CapabilitySet.PerfMon | CapabilitySet.NetAdmin | CapabilitySet.SysAdmin);
        return missing.IsEmpty ? Run() : [new("all", "") { Skip = $"Attaching in every way needs {missing}." }];
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Results))]
    public void Attachment(string name, string problem) => Assert.True(problem.Length == 0, $"{name}: {problem}");

    private static List<TheoryDataRow<string, string>> Run()
    {
        using Process process = Process.Start(new ProcessStartInfo(s_program) { RedirectStandardOutput = true })!;
        var rows = new List<TheoryDataRow<string, string>>();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            (string kind, string rest) = (string[])["ok ", "not ok ", "skip "] is var kinds && kinds.FirstOrDefault(line.StartsWith) is { } found
                ? (found, line[found.Length..])
                : ("", line);
            string[] parts = rest.Split(": ", 2);
            switch (kind)
            {
                case "ok ":
                    rows.Add(new(rest, ""));
                    break;
                case "skip ":
                    rows.Add(new(parts[0], "") { Skip = rest });
                    break;
                case "not ok ":
                    rows.Add(new(parts[0], parts[^1]));
                    break;
                default:
                    // More of what is wrong.
                    rows[^1] = new(rows[^1].Data.Item1, rows[^1].Data.Item2 + "\n" + line);
                    break;
            }
        }

        process.WaitForExit();
        rows.Add(new("the program", process.ExitCode <= 1 ? "" : $"it ended with status {process.ExitCode}"));
        return rows;
    }
}
