using System.Linq;
using Fathom.Cli;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Tools.Tests.EveryTool;

/// <summary>The tools that there are, for what holds for all of them. A further one needs nothing here.</summary>
public static class Tool
{
    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. AllTools.Create().Select(static tool => tool.Description.Name)];

    /// <summary>A tool by its name.</summary>
    public static ITool Find(string name) => AllTools.Create().Single(tool => tool.Description.Name == name);

    /// <summary>How it is called, with what it must be told.</summary>
    public static string[] Command(string name) => Find(name).Description.Argument is { IsOptional: false } argument ? [name, argument.Sample] : [name];
}
