using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Fathom.Architecture.Tests;

public sealed partial class LayeringTests
{
    private static readonly string[] FolderLayers = ["Fathom.Format", "Fathom.Compiler"];

    private static readonly IReadOnlySet<string> Allowed = File
        .ReadLines(Path.Combine(Repository.Root, "tests/Fathom.Architecture.Tests/AllowedReferences.txt"))
        .Select(static line => line.Trim())
        .Where(static line => line.Length > 0 && line[0] != '#')
        .ToHashSet(StringComparer.Ordinal);

    [Fact]
    public void Assemblies_reference_only_what_is_allowed()
    {
        var actual = AssemblyEdges().Concat(PackageEdges()).ToList();
        Assert.NotEmpty(actual);
        var forbidden = actual.Where(static edge => !Allowed.Contains(edge));
        Assert.Empty(forbidden);
    }

    [Fact]
    public void Folders_of_format_and_compiler_use_only_what_is_allowed()
    {
        var actual = FolderLayers.SelectMany(FolderEdges).Distinct().ToList();
        Assert.NotEmpty(actual);
        var forbidden = actual.Where(static edge => !Allowed.Contains(edge));
        Assert.Empty(forbidden);
    }

    [Fact]
    public void Every_allowed_reference_is_used()
    {
        var actual = AssemblyEdges().Concat(PackageEdges()).Concat(FolderLayers.SelectMany(FolderEdges)).ToHashSet(StringComparer.Ordinal);
        // Edges to the root namespace of an assembly need no using directive inside it.
        var unused = Allowed.Where(edge => !actual.Contains(edge) && !IsToRootNamespace(edge));
        Assert.Empty(unused);
    }

    [Fact]
    public void Only_the_interop_folder_declares_native_functions()
    {
        var outside = Repository.Sources("src")
            .Where(static path => NativeFunction().IsMatch(File.ReadAllText(path)))
            .Select(Repository.Relative)
            .Where(static path => !path.StartsWith("src/Fathom.Runtime/Interop/", StringComparison.Ordinal));
        Assert.Empty(outside);
    }

    private static bool IsToRootNamespace(string edge)
    {
        var parts = edge.Split(" -> ");
        return parts[0].StartsWith(parts[1] + "/", StringComparison.Ordinal);
    }

    private static IEnumerable<string> AssemblyEdges() =>
        from project in Repository.Files("src", "*.csproj")
        from reference in XDocument.Load(project).Descendants("ProjectReference")
        where !IsAnalyzer(reference)
        select $"{Path.GetFileNameWithoutExtension(project)} -> {Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)}";

    private static IEnumerable<string> PackageEdges() =>
        from project in Repository.Files("src", "*.csproj")
        from reference in XDocument.Load(project).Descendants("PackageReference")
        select $"{Path.GetFileNameWithoutExtension(project)} -> package {(string)reference.Attribute("Include")!}";

    // The compiler as an analyzer is a tool of the build, not a reference of the assembly.
    private static bool IsAnalyzer(XElement reference) => (string?)reference.Attribute("OutputItemType") == "Analyzer";

    private static IEnumerable<string> FolderEdges(string assembly)
    {
        var root = Path.Combine(Repository.Root, "src", assembly);
        foreach (var path in Repository.Sources(root))
        {
            var inside = Path.GetRelativePath(root, path);
            var from = Node(assembly, Path.GetDirectoryName(inside)!);
            foreach (Match match in UsedNamespace().Matches(File.ReadAllText(path)))
            {
                var space = match.Groups["space"].Value;
                if (space != assembly && !space.StartsWith(assembly + ".", StringComparison.Ordinal))
                {
                    continue;
                }

                var to = Node(assembly, space[assembly.Length..].TrimStart('.').Split('.')[0]);
                if (to != from)
                {
                    yield return $"{from} -> {to}";
                }
            }
        }
    }

    private static string Node(string assembly, string folder)
    {
        var first = folder.Split('/')[0];
        return first.Length == 0 ? assembly : $"{assembly}/{first}";
    }

    [GeneratedRegex(@"^\s*using\s+(static\s+)?(\w+\s*=\s*)?(global::)?(?<space>Fathom(\.\w+)*)\s*;", RegexOptions.Multiline)]
    private static partial Regex UsedNamespace();

    [GeneratedRegex(@"\[\s*(LibraryImport|DllImport)\b")]
    private static partial Regex NativeFunction();
}
