using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using System.Threading;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>The BPF programs that the kernel holds, and who holds them open.</summary>
internal static class LoadedPrograms
{
    private const string IdField = "prog_id:";

    // Of every object that the tools have: what the build names in it.
    private static readonly HashSet<string> Ours =
    [
        .. typeof(ToolHost).Assembly.GetTypes().Where(static type => type.Name == "Programs" && type.DeclaringType is not null)
            .SelectMany(static type => type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static))
            .Select(static field => (string)field.GetRawConstantValue()!),
    ];

    /// <summary>The ids of the programs that a process holds.</summary>
    public static HashSet<uint> Of(int process)
    {
        var ids = new HashSet<uint>();
        try
        {
            foreach (var file in Directory.EnumerateFiles($"/proc/{process}/fdinfo"))
            {
                foreach (var line in File.ReadLines(file).Where(static line => line.StartsWith(IdField, StringComparison.Ordinal)))
                {
                    ids.Add(uint.Parse(line.AsSpan(IdField.Length).Trim(), CultureInfo.InvariantCulture));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process, or the file, is gone.
        }

        return ids;
    }

    /// <summary>Fails if a program of ours is left that no process holds. The kernel takes a moment to free what is closed.</summary>
    public static void MustAllHaveAnOwner()
    {
        if (Environment.IsPrivilegedProcess)
        {
            MustBecomeEmpty(static () => [.. Ids().Except(Directory.EnumerateDirectories("/proc")
                .Select(static folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var process) ? process : 0)
                .Where(static process => process != 0)
                .SelectMany(static process => Of(process)))]);
        }
    }

    /// <summary>Fails if one of these is still there.</summary>
    public static void MustBeGone(HashSet<uint> ids) => MustBecomeEmpty(() => [.. Ids().Intersect(ids)]);

    private static void MustBecomeEmpty(Func<List<uint>> left)
    {
        var waited = Stopwatch.StartNew();
        for (var ids = left(); ids.Count > 0; ids = left())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), $"Programs are left in the kernel: {string.Join(", ", ids)}");
            Thread.Sleep(50);
        }
    }

    private static List<uint> Ids()
    {
        using var list = RunningProgram.Run(Programs.Find("bpftool", "bpftool"), "-j", "prog", "show");
        using var json = JsonDocument.Parse(list.Output);
        return
        [
            .. json.RootElement.EnumerateArray()
                .Where(static program => program.TryGetProperty("name", out var name) && Ours.Contains(name.GetString()!))
                .Select(static program => program.GetProperty("id").GetUInt32()),
        ];
    }
}
