using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Fathom.Format.Elf.Images;
using Fathom.Runtime;

// What it takes to choose the places of all functions of files, and which they are: see README.md.
bool isListed = args is ["--list", ..];
foreach (string path in isListed ? args[1..] : args)
{
    byte[] file = File.ReadAllBytes(path);
    var times = new List<double>();
    ProbeSite[] sites = [];
    ElfFunction[] functions = [];
    long bytes = 0;
    for (int run = 0; run < (isListed ? 1 : 5); run++)
    {
        TimeSpan begin = Environment.CpuUsage.TotalTime;
        ElfImage image = ElfImage.Parse(file);
        functions = [.. image.Functions.DistinctBy(static one => one.Address)];
        var finder = new FunctionSites(image);
        sites = [.. functions.Select(one => finder.Find(one))];
        bytes = functions.Sum(static one => (long)one.Size);
        times.Add((Environment.CpuUsage.TotalTime - begin).TotalMilliseconds);
    }

    if (isListed)
    {
        for (int i = 0; i < sites.Length; i++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{functions[i].Address:x} {functions[i].Name}+{sites[i].Offset} {sites[i].Verdict.Refusal?.What} {sites[i].Miscount}"));
        }

        continue;
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{Path.GetFileName(path)}: {functions.Length} functions, {bytes} bytes, {times[0]:f0} ms at first, {times.Min():f0} ms at best, {times.Min() * 1e6 / bytes:f2} ns a byte"));
    foreach (IGrouping<string, ProbeSite> group in sites.GroupBy(static one => one.Miscount.Length > 0 ? one.Miscount : one.Verdict.Refusal?.What ?? $"+{one.Offset}", StringComparer.Ordinal).OrderByDescending(static one => one.Count()).Take(8))
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {group.Count(),7} {group.Key}"));
    }
}
