using System;
using System.IO;
using System.Linq;
using Fathom.Fuzzing.Mutations;
using Fathom.Fuzzing.Reducing;
using Fathom.Fuzzing.Running;
using Fathom.Fuzzing.Writing;

namespace Fathom.Fuzzing;

/// <summary>The command line.</summary>
internal static class Commands
{
    public static int Run(string[] arguments)
    {
        switch (arguments)
        {
            case ["show", var seed]:
                Console.Write(RandomMethod.Make(int.Parse(seed), "C" + seed));
                return 0;
            case ["reduce", var what, .. var rest]:
                return Reduce(what, rest);
            case ["try", .. var files]:
                return Try(files);
            case ["--mutations", .. var rest]:
                return MutationCheck.Run(Options.Parse(rest));
            default:
                Options options = Options.Parse(arguments);
                return options.IsWorker ? Work(options) : new Campaign(options).Run();
        }
    }

    private static int Work(Options options)
    {
        var worker = new Worker(options)
        {
            Starting = (first, count) => Console.WriteLine($"at\t{first}-{count}"),
            Found = (subject, trial) => Console.WriteLine($"seed {subject.Seed}: {trial.Verdict}: {trial.Message.Split('\n')[0]} ({Worker.Keep(options.Folder, subject, trial)})"),
        };
        worker.Run();
        Console.WriteLine("totals\t" + worker.Totals);
        return 0;
    }

    /// <summary>Compares files with all oracles.</summary>
    private static int Try(string[] files)
    {
        int bad = 0;
        foreach (Trial trial in files.Select(f => Trial.Of(SourceFile.Read(f), inputs: 200)))
        {
            Console.WriteLine($"{trial.Verdict}: {trial.Message}");
            bad += trial.Verdict is Verdict.Agree or Verdict.TooLarge ? 0 : 1;
        }

        return bad == 0 ? 0 : 1;
    }

    private static int Reduce(string what, string[] rest)
    {
        Subject subject = int.TryParse(what, out int seed) ? Subject.Random(seed) : SourceFile.Read(what);
        string path = rest.Length > 0 ? rest[0] : "artifacts/fuzz/" + subject.Name + ".reduced.cs";
        var reducer = new Reducer(subject, Console.Error.WriteLine);
        if (reducer.Start.Verdict is Verdict.Agree or Verdict.TooLarge)
        {
            Console.Error.WriteLine($"{subject.Name}: {reducer.Start.Verdict} {reducer.Start.Message}");
            return 1;
        }

        Subject reduced = reducer.Run();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, reduced.Source);
        Console.Write(reduced.Source);
        return 0;
    }
}
