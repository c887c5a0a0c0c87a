using System;
using System.IO;
using System.Reflection;
using PublicApiGenerator;
using Xunit;

namespace Fathom.Architecture.Tests;

/// <summary>What the assemblies of the library promise to those who build on them. A change is one to these files, seen by who reviews it.</summary>
public sealed class PublicApiTests
{
    private const string Renew = "FATHOM_RENEW_API";

    [Theory]
    [InlineData("Fathom.Bpf")]
    [InlineData("Fathom.Format")]
    [InlineData("Fathom.Interpreter")]
    [InlineData("Fathom.Runtime")]
    [InlineData("Fathom.Testing")]
    public void The_public_api_is_the_one_that_is_checked_in(string name)
    {
        string now = Assembly.Load(name).GeneratePublicApi(new() { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        string file = Path.Combine(Repository.Root, "docs/api", name + ".txt");
        if (Environment.GetEnvironmentVariable(Renew) is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, now);
        }

        Assert.True(File.Exists(file) && File.ReadAllText(file) == now, $"docs/api/{name}.txt is not what the assembly has: if that is meant, renew it with eng/api.");
    }
}
