using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading;
using Fathom.Format;
using Fathom.Format.Btf;
using Fathom.Format.Elf.Images;
using Fathom.Format.Tests.Elf.Images;
using Xunit;

namespace Fathom.Runtime.Tests.Hostile;

/// <summary>
/// Files of others that change while they are read, and what is no file: each reading ends, in a value or in one sentence, and never in a signal,
/// which would end the test run.
/// </summary>
public sealed class ChangingFileTests : IDisposable
{
    private static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("fathom-changing-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_program_that_is_cut_short_and_grows_again_while_it_is_read()
    {
        ImageBuilder builder = new ImageBuilder()
            .Symbols(false, [.. Enumerable.Range(0, 4_000).Select(static i => ($"function{i}", 0x12, (ushort)1, ImageBuilder.CodeAddress + (ulong)(i % 64), 1UL))])
            .Symbols(true, ("variable", 0x11, 1, ImageBuilder.DataAddress, 4));
        builder.AddSection(".note.stapsdt", 7, builder.Probe(ImageBuilder.CodeAddress, 0, 0, "a", "b", "4@variable(%rip)"));
        builder.AddSection(".note.gnu.build-id", 7, ImageBuilder.Note(3, "GNU", [1, 2, 3, 4]));
        int read = 0;
        ReadBeside(builder.Build(), 3_000, path =>
        {
            using UserImage image = UserImage.Open(Runtime.Kernel.Running, path);
            Assert.All(image.Image.Functions, static function => Assert.NotNull(function.Name));
            _ = image.Image.BuildId;
            foreach (UsdtProbe probe in image.Image.UsdtProbes)
            {
                _ = UsdtArgument.ParseAll(probe.Arguments)[0].Resolve(image.Image, probe);
            }

            _ = (image.Image.ReadBytes(ImageBuilder.CodeOffset, 64), image.Image.ReadLoaded(ImageBuilder.CodeAddress));
            read++;
        });
        Assert.True(read > 10, $"read {read} times");
    }

    [Fact]
    public void A_program_that_is_mapped_for_a_trial_is_not_looked_at()
    {
        ReadBeside(new ImageBuilder().Build(), 2_000, static path =>
        {
            using UserFileMapping mapped = UserFileMapping.Open(Runtime.Kernel.Running, path);
        });
    }

    [Fact]
    public void The_types_of_a_kernel_that_somebody_mounted_a_changing_file_over()
    {
        BtfBuilder btf = new();
        for (int i = 0; i < 4_000; i++)
        {
            btf.AddStruct($"struct{i}", 4, [new BtfMember("member", btf.AddInt("int", 4), 0)]);
        }

        int read = 0;
        ReadBeside(btf.ToArray(), 2_000, path =>
        {
            read += new Runtime.Kernel(new RedirectedCalls(new() { ["/sys/kernel/btf/vmlinux"] = path })).Btf.Find(BtfKind.Struct, "struct3999") > 0 ? 1 : 0;
        });
        Assert.True(read > 10, $"read {read} times");
    }

    [Fact]
    public void The_libraries_of_a_container_that_changes_them()
    {
        ReadBeside([.. "glibc-ld.so.cache1.1"u8, .. new byte[100_000]], 2_000, path =>
            LoaderCache.Read(Runtime.Kernel.Running.Calls.ReadRegular(path, 1 << 20)));
    }

    [Theory]
    [InlineData("fifo", "it is a named pipe (FIFO).")]
    [InlineData("socket", "it is a socket.")]
    [InlineData("/dev/zero", "it is a device.")]
    [InlineData("/dev/tty", "it is a device.")]
    [InlineData("/proc/self/mem", "it is empty.")]
    [InlineData("/proc/kmsg", "it is empty.")]
    [InlineData("/proc/self/pagemap", "it is empty.")]
    [InlineData("folder", "EISDIR: it is a directory.")]
    [InlineData("circle", "ELOOP: its symbolic links lead in a circle.")]
    [InlineData("nowhere", "ENOENT: there is no such file.")]
    [InlineData("hole", "it is no program or library (no ELF file).")]
    public void What_is_no_program_is_said_at_once(string name, string problem)
    {
        string path = Path.Combine(_folder, name);
        switch (name)
        {
            case "fifo":
                using (var made = Process.Start("mkfifo", path))
                {
                    made.WaitForExit();
                }

                break;
            case "socket":
                using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    socket.Bind(new UnixDomainSocketEndPoint(path));
                    Check();
                }

                return;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "circle":
                File.CreateSymbolicLink(path, path);
                break;
            case "hole":
                using (FileStream file = File.Create(path))
                {
                    file.SetLength(1L << 40);
                }

                break;
        }

        Check();

        void Check()
        {
            Assert.SkipUnless(name[0] != '/' || File.Exists(path), $"There is no {path} here.");
            string? message = null;
            Run(() => message = Assert.Throws<UserFileException>(() => UserImage.Open(Runtime.Kernel.Running, path)).Message);
            if (message!.Contains("EACCES", StringComparison.Ordinal))
            {
                Assert.Skip($"{path} may not be opened here.");
            }

            Assert.Equal($"read {path}: {problem}", message);
            if (name is "fifo" or "/dev/zero")
            {
                Run(() => Assert.Null(Runtime.Kernel.Running.Calls.ReadRegular(path, 1 << 20)));
                Run(() => Assert.Throws<KernelBtfException>(() => new Runtime.Kernel(new RedirectedCalls(new() { ["/sys/kernel/btf/vmlinux"] = path })).Btf));
            }
        }
    }

    [Fact]
    public void Of_a_file_of_many_gigabytes_only_what_is_asked_for_is_read()
    {
        // Its table of sections, with a table of symbols before it, lies behind a hole of 8 GB.
        const long Far = 8L << 30;
        byte[] near = new ImageBuilder().Symbols(false, ("function", 0x12, 1, ImageBuilder.CodeAddress, 1)).Build();
        string path = Path.Combine(_folder, "large");
        int table = (int)BitConverter.ToInt64(near, 40);
        using (FileStream file = File.Create(path))
        {
            file.Write(near);
            file.Position = Far;
            file.Write(near.AsSpan(table));
            file.Position = 40;
            file.Write(BitConverter.GetBytes(Far));
        }

        using UserImage image = UserImage.Open(Runtime.Kernel.Running, path);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("function", Assert.Single(image.Image.Functions).Name);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    // A thread cuts the file, lets it grow and puts its contents back, without an end, beside the reading.
    private void ReadBeside(byte[] contents, int rounds, Action<string> read)
    {
        string path = Path.Combine(_folder, "changing");
        File.WriteAllBytes(path, contents);
        bool isOver = false;
        long changes = 0;
        var changing = new Thread(() =>
        {
            Random random = new(11);
            using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            while (!Volatile.Read(ref isOver))
            {
                int length = random.Next(3) == 0 ? 0 : random.Next(contents.Length);
                file.SetLength(length);
                file.SetLength(random.Next(2) == 0 ? contents.Length + random.Next(1 << 20) : length);
                file.Position = 0;
                file.Write(contents);
                file.SetLength(contents.Length);
                changes++;
                if (random.Next(4) == 0)
                {
                    Thread.Yield();
                }
            }
        });
        changing.Start();
        HashSet<string> problems = [];
        try
        {
            Run(() =>
            {
                // On a busy machine the rounds may be over before the file has changed often.
                for (int i = 0; i < rounds || Volatile.Read(ref changes) <= 100; i++)
                {
                    try
                    {
                        read(path);
                    }
                    catch (Exception e) when (e is BpfException or BadFormatException)
                    {
                        Assert.DoesNotContain('\n', e.Message);
                        problems.Add(e.Message);
                    }
                }
            });
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            changing.Join();
        }

        Assert.True(changes > 100, $"the file changed {changes} times");
    }

    private static void Run(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        Assert.True(thread.Join(Watchdog), "it waits for something");
        Assert.Null(failure);
    }
}
