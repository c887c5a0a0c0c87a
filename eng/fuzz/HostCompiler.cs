using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;

namespace Fathom.Fuzzing;

/// <summary>Finds the C# compiler of the SDK, in which the generator runs when a project is built.</summary>
internal static class HostCompiler
{
    /// <summary>Has assemblies that are not beside the program be looked for there. Called before anything that names one of them.</summary>
    public static void Use()
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../.."));
        string? folder = Directory.GetDirectories(Path.Combine(root, "sdk"))
            .Where(f => Version.TryParse(Path.GetFileName(f), out Version? version) && version.Major == Environment.Version.Major)
            .OrderByDescending(f => Version.Parse(Path.GetFileName(f)))
            .Select(f => Path.Combine(f, "Roslyn/bincore"))
            .FirstOrDefault(Directory.Exists);
        AssemblyLoadContext.Default.Resolving += (AssemblyLoadContext context, AssemblyName name) =>
            folder is not null && File.Exists(Path.Combine(folder, name.Name + ".dll")) ? context.LoadFromAssemblyPath(Path.Combine(folder, name.Name + ".dll")) : null;
    }
}
