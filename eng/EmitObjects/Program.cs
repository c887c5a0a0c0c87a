// Writes the BPF objects that an assembly embeds out as .bpf.o files, one for each class marked [BpfObject].
// A generator may not write files, so this runs after the build: see FathomEmitObjects in eng/UseGenerator.props.
using System;
using System.IO;
using System.Reflection;
using System.Runtime.Loader;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: EmitObjects ASSEMBLY FOLDER");
    return 2;
}

string path = Path.GetFullPath(args[0]);
string folder = Directory.CreateDirectory(args[1]).FullName;
var resolver = new AssemblyDependencyResolver(path);
AssemblyLoadContext.Default.Resolving += (context, name) =>
    resolver.ResolveAssemblyToPath(name) is { } found ? context.LoadFromAssemblyPath(found) : null;
foreach (Type type in AssemblyLoadContext.Default.LoadFromAssemblyPath(path).GetTypes())
{
    MethodInfo? method = type.GetMethod("GetObjectFile", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, []);
    if (method?.ReturnType == typeof(byte[]) && method.Invoke(null, null) is byte[] bytes)
    {
        string file = Path.Combine(folder, type.FullName!.Replace('+', '.') + ".bpf.o");
        File.WriteAllBytes(file, bytes);
        Console.WriteLine(file);
    }
}

return 0;
