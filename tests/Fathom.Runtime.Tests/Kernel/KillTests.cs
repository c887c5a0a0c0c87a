using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using Xunit;

namespace Fathom.Runtime.Tests.Kernels;

public sealed class KillTests
{
    private const string Variable = "FATHOM_TEST_HOLD";

    /// <summary>The child of the next test: attaches, writes its program's id, and waits to be killed.</summary>
    [Fact]
    public void Hold_an_attachment()
    {
        string? path = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(path is null, "This is run as a child by the test that kills it.");
        using LoadedObject loaded = LoadedObject.Load(Require.Root(), Samples.Object([Samples.Returning("held", "tp_btf/sys_enter", 0)]));
        using LinkSet links = loaded.Attach();
        File.WriteAllText(path! + ".new", loaded.GetProgram("held").GetInfo().Id.ToString(CultureInfo.InvariantCulture));
        File.Move(path! + ".new", path!);
        Thread.Sleep(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Nothing_is_left_after_a_kill()
    {
        Runtime.Kernel kernel = Require.Root();
        string path = Path.Combine(Path.GetTempPath(), "fathom-" + Guid.NewGuid().ToString("N"));
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };

        // Under `dotnet TEST.dll` the process is the host, and the test its first argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(KillTests).Assembly.Location);
        }

        start.ArgumentList.Add("-method");
        start.ArgumentList.Add("*" + nameof(Hold_an_attachment));
        start.Environment[Variable] = path;
        using Process child = Process.Start(start)!;
        try
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(path) || child.HasExited, TimeSpan.FromSeconds(30)));
            uint id = uint.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture);
            Assert.True(LinkTests.IsAlive(kernel, id));

            child.Kill();
            child.WaitForExit();

            Assert.True(SpinWait.SpinUntil(() => !LinkTests.IsAlive(kernel, id), TimeSpan.FromSeconds(5)));
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }

            File.Delete(path);
        }
    }
}
