using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Xunit;

namespace Fathom.Tools.Tests;

/// <summary>A program that was started, with what it printed. Ends it when disposed.</summary>
internal sealed class RunningProgram : IDisposable
{
    private const int Interrupt = 2;

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];

    private RunningProgram(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(_errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public string Output => Text(_output);

    /// <summary>Standard error, without what tracing has cost.</summary>
    public string Errors => WithoutCost(Text(_errors));

    /// <summary>What tracing has cost, as it is said at the end; empty if it is not.</summary>
    public string Cost => Text(_errors).Split('\n').LastOrDefault(IsCost, "");

    public static RunningProgram Start(string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        process.StandardInput.Close();
        return new RunningProgram(process);
    }

    /// <summary>Runs a program to its end.</summary>
    public static RunningProgram Run(string file, params IEnumerable<string> arguments)
    {
        var program = Start(file, arguments);
        program.WaitForExit();
        return program;
    }

    /// <summary>Waits until a line of the output contains a text.</summary>
    public void WaitFor(string text) => WaitFor(text, () => Output);

    /// <summary>Waits until a line of standard error contains a text.</summary>
    public void WaitForError(string text) => WaitFor(text, () => Errors);

    private void WaitFor(string text, Func<string> said)
    {
        var waited = Stopwatch.StartNew();
        while (!said().Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited)
            {
                // What it printed last may still be on its way to us.
                _process.WaitForExit();
                Assert.True(said().Contains(text, StringComparison.Ordinal), $"It ended ({_process.ExitCode}) before it printed '{text}': {Output}{Errors}");
                return;
            }

            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"It did not print '{text}' within 30 s: {Output}{Errors}");
            Thread.Sleep(5);
        }
    }

    /// <summary>Interrupts it as Ctrl-C does, and waits for its end.</summary>
    public void Stop()
    {
        using var kill = Process.Start("kill", [$"-{Interrupt}", $"{Id}"]);
        kill.WaitForExit();
        WaitForExit();
    }

    public void WaitForExit()
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), $"It did not end within 60 s: {Output}{Errors}");
        // Without a limit this also waits for the last lines.
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    /// <summary>Text without what tracing has cost.</summary>
    public static string WithoutCost(string text) => string.Join('\n', text.Split('\n').Where(static line => !IsCost(line)));

    private static bool IsCost(string line) => line.StartsWith("cost: ", StringComparison.Ordinal);

    private static void Add(List<string> lines, string? line)
    {
        if (line is not null)
        {
            lock (lines)
            {
                lines.Add(line);
            }
        }
    }

    private static string Text(List<string> lines)
    {
        lock (lines)
        {
            return string.Concat(lines.Select(static line => line + "\n"));
        }
    }
}

/// <summary>Where the programs are that the tests run.</summary>
internal static class Programs
{
    private static readonly Lazy<string> s_direct = new(FindDirect);
    private static readonly string[] SystemFolders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>fathom as `./test` built it.</summary>
    public static string Fathom { get; } = FindFathom();

    /// <summary>The same without the script that starts it, where the program is native: its process is then that which is started.</summary>
    public static string Direct => s_direct.Value;

    /// <summary>Whether the program is native.</summary>
    public static bool IsNative => Direct != Fathom;

    /// <summary>A program of the system; the test is skipped where it is not installed.</summary>
    public static string Find(string name, string package)
    {
        var found = SystemFolders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, $"{name} is not installed (Debian's package {package}).");
        return found!;
    }

    /// <summary>Skips the test where programs may not be loaded.</summary>
    public static void NeedRoot() =>
        Assert.SkipUnless(Environment.UserName == "root" && Environment.IsPrivilegedProcess, "Loading BPF programs needs root.");

    private static string FindDirect()
    {
        // Builds it if it must be.
        RunningProgram.Run(Fathom, "--version").Dispose();
        var artifacts = Path.Combine(Path.GetDirectoryName(Fathom)!, "artifacts");
        return File.ReadAllText(Path.Combine(artifacts, "fathom.mode")).Trim() == "native" ? Path.Combine(artifacts, "native/fathom") : Fathom;
    }

    private static string FindFathom()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Fathom.slnx")))
            {
                continue;
            }

            // ./fathom chooses between the native and the managed build; called as root it asks nobody for anything.
            return Path.Combine(folder.FullName, "fathom");
        }

        throw new InvalidOperationException("The tests do not lie in a checkout of Fathom.");
    }
}
