// Loads each program of tests/Fathom.Runtime.Tests/VerifierLogs/Rejected.cs alone and writes what the running kernel's verifier says of it:
// NAME.log, and Rejected.bpf.o, which all of them come from. With a second argument the programs of that object file are loaded instead.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Fathom.Format.Objects;
using Fathom.Runtime;

if (args.Length is not (1 or 2))
{
    Console.Error.WriteLine("usage: CollectVerifierLogs FOLDER [OBJECT]");
    return 2;
}

string folder = Directory.CreateDirectory(args[0]).FullName;
byte[] file = args.Length == 2 ? File.ReadAllBytes(args[1]) : Rejected.GetObjectFile();
File.WriteAllBytes(Path.Combine(folder, "Rejected.bpf.o"), file);
BpfObject definition = ObjectFile.Parse(file);
foreach (BpfFunction program in definition.Functions.Where(f => f.IsEntry))
{
    string path = Path.Combine(folder, program.Name + ".log");
    File.Delete(path);
    try
    {
        IEnumerable<BpfFunction> alone = definition.Functions.Where(f => !f.IsEntry || f.Name == program.Name);
        LoadedObject.Load(Kernel.Running, definition with { Functions = [.. alone] }).Dispose();
        Console.WriteLine($"{program.Name}: accepted");
    }
    catch (VerifierRejectedException e)
    {
        File.WriteAllText(path, e.Log);
        Console.WriteLine($"{program.Name}: {e.Message}");
    }
    catch (BpfException e)
    {
        Console.WriteLine($"{program.Name}: {e.GetType().Name}: {e.Message}");
    }
}

return 0;
