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
    private static readonly string[] FolderLayers = ["Fathom.Format", "Fathom.Compiler", "Fathom.Generator", "Fathom.Runtime", "Fathom.Output", "Fathom.Tools"];

    // Each other folder of the tools is a tool, which has the same rules as every one.
    private static readonly string[] SharedByTools = ["Fathom.Tools", "Fathom.Tools/Hosting", "Fathom.Tools/Options", "Fathom.Tools/Shared"];

    // What the folders use takes seconds to find out.
    private static readonly Lazy<string[]> s_folderEdges = new(static () => [.. FolderLayers.SelectMany(FolderEdges.Of).Select(OfAnyTool).Distinct()]);

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
        Assert.True(!forbidden.Any(), string.Join("\n", forbidden));
    }

    [Fact]
    public void Folders_use_only_what_is_allowed()
    {
        var actual = s_folderEdges.Value;
        Assert.NotEmpty(actual);
        var forbidden = actual.Where(static edge => !Allowed.Contains(edge));
        Assert.True(!forbidden.Any(), string.Join("\n", forbidden));
    }

    [Fact]
    public void Every_allowed_reference_is_used()
    {
        var actual = AssemblyEdges().Concat(PackageEdges()).Concat(s_folderEdges.Value).ToHashSet(StringComparer.Ordinal);
        var unused = Allowed.Where(edge => !actual.Contains(edge));
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

    private static string OfAnyTool(string edge) => string.Join(" -> ", edge.Split(" -> ")
        .Select(static folder => folder.StartsWith("Fathom.Tools", StringComparison.Ordinal) && !SharedByTools.Contains(folder) ? "Fathom.Tools/TOOL" : folder));

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

    [GeneratedRegex(@"\[\s*(LibraryImport|DllImport)\b")]
    private static partial Regex NativeFunction();
}
