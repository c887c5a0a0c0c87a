using System;
using Fathom.Fuzzing;
using Fathom.Fuzzing.Writing;

switch (args)
{
    case ["show", var seed]:
        Console.Write(RandomMethod.Make(int.Parse(seed), "C" + seed));
        return 0;
    default:
        Options options = Options.Parse(args);
        return options.IsWorker ? Work(options) : new Campaign(options).Run();
}

static int Work(Options options)
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
