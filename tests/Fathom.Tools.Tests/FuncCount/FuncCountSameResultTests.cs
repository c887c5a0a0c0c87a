using System;
using System.Globalization;
using System.Linq;
using Fathom.Tools.Tests.Events;
using Xunit;

namespace Fathom.Tools.Tests.FuncCount;

/// <summary>A program computes the same while all functions of its C library are counted, whichever implementation of them the processor lets it choose.</summary>
[Collection("events")]
public sealed class FuncCountSameResultTests
{
    // A million calls take minutes: FATHOM_LIBC_ROUNDS=3200.
    private static string Rounds => Environment.GetEnvironmentVariable("FATHOM_LIBC_ROUNDS") ?? "40";

    // What a processor lacks changes nothing, so that each of these runs everywhere.
    [Theory]
    [InlineData("")]
    [InlineData("-AVX512F,-AVX512VL,-AVX512BW")]
    [InlineData("-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX2_Usable")]
    [InlineData("-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX2_Usable,-AVX,-SSE4_2,-SSE4_1,-SSSE3")]
    [InlineData("-ERMS,-FSRM")]
    [InlineData("Prefer_No_VZEROUPPER,-RTM")]
    public void A_program_computes_the_same_while_its_library_is_counted(string choice)
    {
        Programs.NeedRoot();
        string folder = Workload.Folder();
        string gate = folder + "/gate";
        RunningProgram.Run("/usr/bin/mkfifo", gate).Dispose();
        using RunningProgram traced = RunningProgram.Start(
            "/bin/sh", "-c", "GLIBC_TUNABLES=glibc.cpu.hwcaps=$1 exec \"$2\" libc \"$3\" <>\"$4\"", "sh", choice, Workload.Program, Rounds, gate);
        traced.WaitFor("ready");
        using RunningProgram tool = RunningProgram.Start(Programs.Direct, "funccount", "--budget", "off", "-p", traced.Id.ToString(CultureInfo.InvariantCulture), "c:*");
        tool.WaitFor("Tracing ");
        RunningProgram.Run("/bin/sh", "-c", "echo >\"$1\"", "sh", gate).Dispose();
        traced.WaitFor(" wrong: ");
        tool.WaitForExit();
        Workload.Remove(folder);

        string result = traced.Output.Split('\n').Single(static line => line.Contains(" wrong: ", StringComparison.Ordinal));
        Assert.EndsWith(" calls, 0 wrong: ", result, StringComparison.Ordinal);
        Assert.True(int.Parse(result.Split(' ')[0], CultureInfo.InvariantCulture) >= 300, result);

        // They were counted: of one that begins with a plain instruction the calls that the program says it made.
        long rounds = long.Parse(Rounds, CultureInfo.InvariantCulture);
        string row = tool.Output.Split('\n').Single(static line => line.StartsWith("wcsspn ", StringComparison.Ordinal));
        Assert.Equal(rounds, long.Parse(row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }
}
