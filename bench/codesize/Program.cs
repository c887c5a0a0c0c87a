using System;
using System.Collections.Generic;
using System.Linq;
using Fathom.CodeSize;
using Fathom.Runtime;

// Our code beside clang's, as a table: dotnet run --project bench/codesize. As root with what the verifier thinks of it.
// With --load (as root) instead: what the running kernel says of each program, and as exit code whether it refuses one.
if (args is ["--load"])
{
    return Load();
}

if (args.Length > 0)
{
    Console.Error.WriteLine("usage: Fathom.CodeSize [--load]");
    return 2;
}

bool isRoot = Environment.UserName == "root" && Environment.IsPrivilegedProcess;
IReadOnlyList<Measurement> measured = isRoot ? Measurement.SizesAndVerification(Kernel.Running) : Measurement.Sizes();

Console.WriteLine("| program | libbpf-tools | slots | clang | ratio | verified | clang | ratio |");
Console.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|");
foreach (Measurement one in measured)
{
    Print(one.Clang.Ours, $"{one.Clang.Tool} {one.Clang.Program}", one.Slots, one.Clang.Slots, one.Verified, one.Clang.Verified);
}

Total("all", measured);
Total("without execsnoop", [.. measured.Where(static one => one.Clang.Tool != "execsnoop")]);
Measurement worst = measured.MaxBy(static one => one.SlotRatio)!;
Console.WriteLine();
Console.WriteLine($"Worst size: {worst.Clang.Ours}, {worst.SlotRatio:P0}.");
if (!isRoot)
{
    Console.WriteLine("The verifier was not asked: that needs root.");
}

return 0;

static int Load()
{
    var counts = new Dictionary<KernelOutcome, int>();
    foreach (KernelVerdict verdict in KernelCheck.Of(Kernel.Running))
    {
        counts[verdict.Outcome] = counts.GetValueOrDefault(verdict.Outcome) + 1;
        Console.WriteLine(verdict);
        foreach (string line in verdict.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Console.WriteLine("    " + line);
        }
    }

    int refused = counts.GetValueOrDefault(KernelOutcome.Refused);
    Console.WriteLine(
        $"Linux {Kernel.Running.Release}: {counts.GetValueOrDefault(KernelOutcome.Accepted)} programs accepted, {refused} refused, " +
        $"{counts.GetValueOrDefault(KernelOutcome.NotThere)} need what is not there");
    return refused == 0 ? 0 : 1;
}

static void Total(string name, IReadOnlyList<Measurement> measured)
{
    // Sums of verified instructions are over the programs for which both are known.
    var verified = measured.Where(static one => one.VerifiedRatio is not null).ToList();
    Print(
        $"**{name}**", $"{measured.Count} programs", measured.Sum(static one => one.Slots), measured.Sum(static one => one.Clang.Slots),
        verified.Count > 0 ? verified.Sum(static one => one.Verified) : null, verified.Count > 0 ? verified.Sum(static one => one.Clang.Verified) : null);
}

static void Print(string name, string counterpart, int slots, int clangSlots, int? verified, int? clangVerified) =>
    Console.WriteLine(
        $"| {name} | {counterpart} | {slots} | {clangSlots} | {(double)slots / clangSlots:0.00} | {Text(verified)} | {Text(clangVerified)} | " +
        $"{(verified is null || clangVerified is null ? "-" : $"{(double)verified / clangVerified:0.00}")} |");

static string Text(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-";
