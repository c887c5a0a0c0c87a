using System.Collections.Generic;
using System.IO;
using System.Text;
using Fathom.Tools.Hosting;

namespace Fathom.Cli.Tests;

/// <summary>Runs fathom inside of the test.</summary>
internal static class InProcess
{
    /// <summary>Runs it with these tools.</summary>
    public static (int Exit, string Output, string Errors) Run(IReadOnlyList<ITool> tools, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var errors = new MemoryStream();
        using var clock = new FakeClock();
        int exit = new FathomProgram(tools, output, errors).Run(arguments, clock);
        return (exit, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(errors.ToArray()));
    }
}
