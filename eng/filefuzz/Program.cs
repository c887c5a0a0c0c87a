using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.FileFuzzing;

long first = 1;
long count = 100_000;
string? table = null;
string? only = null;
long? show = null;
for (int i = 0; i + 1 < args.Length; i += 2)
{
    switch (args[i])
    {
        case "--first":
            first = long.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--inputs":
            count = long.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        case "--reader":
            only = args[i + 1];
            break;
        case "--table":
            table = args[i + 1];
            break;
        case "--growth":
            return Growth.Run([.. args[i + 1].Split(',').Select(static one => int.Parse(one, CultureInfo.InvariantCulture))], Console.Out);
        case "--show":
            show = long.Parse(args[i + 1], CultureInfo.InvariantCulture);
            break;
        default:
            args = [""];
            break;
    }
}

if (args.Length % 2 != 0)
{
    Console.Error.WriteLine($"usage: eng/filefuzz/run [--first N] [--inputs N] [--reader {string.Join('|', Readers.All.Select(static reader => reader.Name))}] [--table FILE] [--show NUMBER] [--growth MB,MB...]");
    return 2;
}

if (show is { } number)
{
    using Stream output = Console.OpenStandardOutput();
    output.Write(new Campaign(Readers.All.Single(reader => reader.Name == only)).InputOf(number));
    return 0;
}

bool isGood = true;
foreach (Reader reader in Readers.All.Where(reader => only is null || reader.Name == only))
{
    Campaign campaign = new(reader);
    TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
    campaign.Run(first, only is null ? count * reader.Share / 1000 : count);
    double seconds = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
    Totals totals = campaign.Totals;
    isGood &= totals.Findings == 0;
    string row = string.Create(
        CultureInfo.InvariantCulture,
        $"{reader.Name}\t{first}-{totals.Inputs}\t{totals.Inputs}\t{totals.Read}\t{totals.Refused}\t{totals.Findings}\t{totals.SlowestMilliseconds:f0}\t{totals.MostBytes / 1048576.0:f1}\t{seconds:f0}");
    Console.WriteLine(row.Replace('\t', ' '));
    if (totals.FirstFinding.Length > 0)
    {
        Console.WriteLine(totals.FirstFinding);
    }

    if (table is not null)
    {
        if (!File.Exists(table))
        {
            File.WriteAllText(table, "reader\tnumbers\tinputs\tread\trefused\tfindings\tslowest ms\tmost MB\tCPU seconds\n");
        }

        File.AppendAllText(table, row + "\n");
    }
}

return isGood ? 0 : 1;
