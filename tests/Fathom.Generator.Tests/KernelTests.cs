using System;
using System.IO;
using System.Reflection;
using Fathom.Format.Objects;
using Fathom.Runtime;
using Xunit;

namespace Fathom.Generator.Tests;

/// <summary>Programs of each type are accepted by the running kernel's verifier, and those that can be run by hand give what they should.</summary>
public class KernelTests
{
    [Fact]
    public void Programs_of_each_type_are_accepted()
    {
        Assembly assembly = Compiling.Build(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cases", "Programs.cs")));
        LoadedObject loaded;
        try
        {
            loaded = LoadedObject.Load(Kernel.Running, ObjectFile.Parse(Compiling.ObjectFileOf(assembly, "Samples")));
        }
        catch (MissingCapabilityException e)
        {
            Assert.Skip(e.Message);
            return;
        }

        using (loaded)
        {
            Assert.Equal((99u * 100 / 2) + 42, loaded.GetProgram("Sums").TestRun().ReturnValue);
            byte[] packet = new byte[64];
            Assert.Equal(1u, loaded.GetProgram("Filter").TestRun(packet: packet).ReturnValue);
            packet[12] = 8;
            Assert.Equal(2u, loaded.GetProgram("Filter").TestRun(packet: packet).ReturnValue);
        }
    }
}
