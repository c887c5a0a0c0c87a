using System;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.CodeSize.Programs;
using Fathom.Runtime;
using Fathom.Tools.Tests;
using Xunit;

namespace Fathom.CodeSize.Tests;

/// <summary>The tools that look at processes.</summary>
[Collection(nameof(Kernel))]
public sealed unsafe class ProcessToolsTests
{
    private const int HeaderBytes = 40;

    [Fact]
    public void Execsnoop_sees_each_program_with_its_arguments()
    {
        const int count = 31;
        Require.Tracepoints();
        string marker = Guid.NewGuid().ToString("N");
        using var snoop = Execsnoop.Load(Kernel.Running);
        using var pipe = new EventPipe();
        using (snoop.Attach())
        {
            using var shell = RunningProgram.Run("/bin/sh", "-c", $"for i in $(seq {count}); do /bin/true {marker} $i; done; /no/such/{marker} x; true");
            var seen = pipe.WaitFor(count, record => Arguments(record).Skip(1).FirstOrDefault() == marker);
            Assert.Equal(count, seen.Count);
            Assert.Equal(
                Enumerable.Range(1, count).Select(static i => i.ToString(CultureInfo.InvariantCulture)),
                seen.Select(static record => Arguments(record)[2]).OrderBy(static text => int.Parse(text, CultureInfo.InvariantCulture)));
            foreach (byte[] record in seen)
            {
                string[] arguments = Arguments(record);
                Assert.Equal(3, arguments.Length);
                Assert.Equal("/bin/true", arguments[0]);
                Assert.Equal(shell.Id, BitConverter.ToInt32(record, 4));
                Assert.Equal(0, BitConverter.ToInt32(record, 12));
                Assert.Equal(3, BitConverter.ToInt32(record, 16));
                Assert.Equal("true", EventPipe.Text(record.AsSpan(24, 16)));
            }
        }
    }

    [Fact]
    public void Exitsnoop_sees_how_each_process_ends()
    {
        const int exits = 13, kills = 5;
        Require.Tracepoints();
        using var snoop = Exitsnoop.Load(Kernel.Running);
        using var pipe = new EventPipe();
        using (snoop.Attach())
        {
            using var shell = RunningProgram.Run(
                "/bin/sh", "-c",
                $"for i in $(seq {exits}); do sh -c 'exit 7'; done; for i in $(seq {kills}); do sh -c 'kill -9 $$'; done");
            var seen = pipe.WaitFor<Exitsnoop.ExitEvent>(
                exits + kills, record => record.ParentId == shell.Id && EventPipe.Text(new ReadOnlySpan<byte>(record.Command, 16)) == "sh" && (record.ExitCode, record.Signal) != (0, 0u));
            Assert.Equal(exits, seen.Count(static record => record is { ExitCode: 7, Signal: 0 }));
            Assert.Equal(kills, seen.Count(static record => record is { ExitCode: 0, Signal: 9 }));
            Assert.Equal(exits + kills, seen.Count);
            Assert.All(seen, static record => Assert.Equal(record.ProcessId, record.ThreadId));
            Assert.All(seen, static record => Assert.True(record.ExitTime > record.StartTime));
        }
    }

    // Records are as long as their arguments; each argument ends with a NUL.
    private static string[] Arguments(byte[] record)
    {
        int bytes = MemoryMarshal.Read<int>(record.AsSpan(20));
        return bytes > 0 ? Encoding.UTF8.GetString(record, HeaderBytes, bytes - 1).Split('\0') : [];
    }
}
