using System;
using System.Linq;
using Fathom.Format.Objects;
using Fathom.Runtime;

namespace Fathom.Attachments;

/// <summary>What a program saw, added up.</summary>
internal readonly record struct Seen(ulong Calls, ulong Cookies, ulong Addresses, long First, long Second, long Third, long Results);

/// <summary>Loads one program, lets events happen before, while and after it is attached, and gives what it saw.</summary>
internal static class Trace
{
    /// <summary>How many events happen while the program is attached, for the way of attaching to be right.</summary>
    public const int Events = 13;

    private const int Before = 3, After = 5;

    private static readonly string[] s_programs =
        [.. ObjectFile.Parse(Probes.GetObjectFile()).Functions.Where(static function => function.IsEntry).Select(static function => function.Name)];

    /// <summary>How perf events take programs here.</summary>
    public static string PerfWay => Kernel.Running.Probe(KernelFeatures.PerfLinks).Support == FeatureSupport.Yes ? "perf link" : "perf event";

    /// <summary>Loads one program.</summary>
    public static Probes.Loaded Load(Kernel kernel, string program, Probes.Constants? constants = null)
    {
        var options = new LoadOptions();
        options.With.Add(program);
        foreach (string other in s_programs)
        {
            if (other != program && other != program + ProgramForms.KprobeSuffix)
            {
                options.Without.Add(other);
            }
        }

        return Probes.Load(kernel, constants ?? new Probes.Constants { Process = (uint)Environment.ProcessId }, options);
    }

    /// <summary>Constants with cookies.</summary>
    public static Probes.Constants WithCookies { get; } = new() { Process = (uint)Environment.ProcessId, WantsCookies = 1, SystemCall = Workloads.FallocateNumber };

    /// <summary>Runs a program.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="name">The program.</param>
    /// <param name="way">How it should be attached.</param>
    /// <param name="attach">Attaches it.</param>
    /// <param name="make">Makes events.</param>
    /// <param name="constants">Constants of the object.</param>
    public static Seen Run(
        Kernel kernel, string name, string way, Func<BpfProgram, BpfLink> attach, Action<int> make, Probes.Constants? constants = null)
    {
        int id;
        Seen seen;
        using (Probes.Loaded loaded = Load(kernel, name, constants))
        {
            BpfProgram program = loaded.Object.GetProgram(name);
            id = program.GetInfo().Id;
            make(Before);
            using (BpfLink link = attach(program))
            {
                Suite.Equal(0UL, loaded.Calls, "events before it was attached");
                make(Events);
                seen = new Seen(loaded.Calls, loaded.Cookies, loaded.Addresses, loaded.First, loaded.Second, loaded.Third, loaded.Results);
                Suite.Equal(way, link.Way, "way");
            }

            make(After);
            Suite.Equal(seen.Calls, loaded.Calls, "events after it was detached");
        }

        Suite.WaitUntilGone(id);
        return seen;
    }
}
