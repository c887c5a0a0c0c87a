using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Fathom.Architecture.Tests;

/// <summary>
/// Which folder of an assembly uses what is declared in which other one, as the C# compiler understands the sources: namespaces need not follow folders,
/// and a name that is written out counts like one that a using directive shortens. What the generator writes is not there.
/// </summary>
internal static class FolderEdges
{
    private static readonly CSharpParseOptions Language = new(LanguageVersion.Preview, DocumentationMode.None);

    private static readonly MetadataReference[] Platform =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static path => !Path.GetFileName(path).StartsWith("Fathom.", StringComparison.Ordinal))
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    private static readonly Dictionary<string, CSharpCompilation> s_assemblies = new(StringComparer.Ordinal);

    /// <summary>The edges, each once: "Fathom.Format/Objects -> Fathom.Format/Elf". The root of the assembly is its name alone.</summary>
    /// <param name="assembly">Its name.</param>
    public static IEnumerable<string> Of(string assembly)
    {
        CSharpCompilation compilation = Compile(assembly);
        return compilation.SyntaxTrees.SelectMany(tree => EdgesOf(tree, compilation)).Distinct(StringComparer.Ordinal);
    }

    private static IEnumerable<string> EdgesOf(SyntaxTree tree, CSharpCompilation compilation)
    {
        SemanticModel model = compilation.GetSemanticModel(tree);
        string from = FolderOf(tree, compilation);
        return tree.GetRoot().DescendantNodes(static node => node is not UsingDirectiveSyntax).OfType<SimpleNameSyntax>()
            .Select(name => model.GetSymbolInfo(name).Symbol)
            .OfType<ISymbol>()
            .Where(static symbol => symbol is not INamespaceSymbol)
            .Select(symbol => (symbol as IMethodSymbol)?.ReducedFrom ?? symbol.OriginalDefinition)
            .SelectMany(static symbol => symbol.DeclaringSyntaxReferences)
            .Select(static declaration => declaration.SyntaxTree)
            .Where(compilation.ContainsSyntaxTree)
            .Select(other => FolderOf(other, compilation))
            .Where(to => to != from)
            .Select(to => $"{from} -> {to}");
    }

    private static string FolderOf(SyntaxTree tree, CSharpCompilation compilation)
    {
        string assembly = compilation.AssemblyName!;
        string inside = Path.GetRelativePath(ProjectFolder(assembly), tree.FilePath), first = inside.Split('/')[0];
        return first == inside ? assembly : $"{assembly}/{first}";
    }

    private static CSharpCompilation Compile(string assembly)
    {
        if (s_assemblies.TryGetValue(assembly, out CSharpCompilation? known))
        {
            return known;
        }

        XDocument project = XDocument.Load(Path.Combine(ProjectFolder(assembly), assembly + ".csproj"));
        IEnumerable<MetadataReference> references = project.Descendants("ProjectReference")
            .Select(static reference => Compile(Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)).ToMetadataReference());
        string friends = string.Concat(project.Descendants("InternalsVisibleTo")
            .Select(static friend => $"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{(string)friend.Attribute("Include")!}\")]"));
        SyntaxTree[] trees =
        [
            .. Repository.Sources(ProjectFolder(assembly)).Select(static path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), Language, path, Encoding.UTF8)),
            CSharpSyntaxTree.ParseText(friends, Language, Path.Combine(ProjectFolder(assembly), "friends")),
        ];
        return s_assemblies[assembly] = CSharpCompilation.Create(assembly, trees, [.. Platform, .. references], new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }

    private static string ProjectFolder(string assembly) => Path.Combine(Repository.Root, "src", assembly);
}
