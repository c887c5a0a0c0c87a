using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace Fathom.Workloads;

/// <summary>A process that calls the function <c>f10</c> of a library when it is told to.</summary>
internal static unsafe class Obedience
{
    // https://github.com/torvalds/linux/blob/v6.18/arch/x86/entry/syscalls/syscall_64.tbl
    private const int Read = 0, Write = 1, Close = 3, Pipe = 22, Fork = 57, Exit = 60, Wait = 61, ExitGroup = 231;

    /// <summary>
    /// Obeys the lines of a FIFO: <c>call N</c> on this thread, <c>thread N</c> on a new one, <c>name NAME</c> sets the command name, <c>fork N</c> makes a
    /// child that waits for <c>go</c> before it calls, <c>exec</c> runs the program anew from a thread that is not the first, <c>leave</c> ends the first thread and goes on
    /// in another, <c>end</c>. Each is answered by <c>done</c>, that of a child's beginning by its number.
    /// </summary>
    public static void Obey(string library, string fifo)
    {
        nint address = NativeLibrary.GetExport(NativeLibrary.Load(library), "f10");
        var function = (delegate* unmanaged[SuppressGCTransition]<void>)address;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {address:x}"));
        Obey(function, File.ReadLines(fifo).GetEnumerator());
    }

    private static void Obey(delegate* unmanaged[SuppressGCTransition]<void> function, IEnumerator<string> orders)
    {
        int* pipe = stackalloc int[2];
        byte letter = 0;
        while (orders.MoveNext())
        {
            string line = orders.Current;
            string[] words = line.Split(' ');
            int count = words.Length > 1 && int.TryParse(words[1], out int number) ? number : 0;
            switch (words[0])
            {
                case "call":
                    Repeat(function, count);
                    break;
                case "thread":
                    var thread = new Thread(() => Repeat(function, count));
                    thread.Start();
                    thread.Join();
                    break;
                case "name":
                    File.WriteAllText("/proc/self/comm", words[1]);
                    break;
                case "fork":
                    Libc.Check(Libc.Call(Pipe, (long)pipe));
                    long child = Libc.Call(Fork);
                    if (child == 0)
                    {
                        // Nothing of the .NET runtime but this thread is there any more. Without the end to write, it goes on when its parent is gone.
                        Libc.Call(Close, pipe[1]);
                        Libc.Call(Read, pipe[0], (long)&letter, 1);
                        Repeat(function, count);
                        Libc.Call(ExitGroup, 0);
                    }

                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"child {child}"));
                    break;
                case "go":
                    Libc.Check(Libc.Call(Write, pipe[1], (long)&letter, 1));
                    long status = 0;
                    Libc.Check(Libc.Call(Wait, -1, (long)&status));
                    break;
                case "exec":
                    var other = new Thread(Begin);
                    other.Start();
                    other.Join();
                    break;
                case "leave":
                    int first = Environment.ProcessId;
                    new Thread(() =>
                    {
                        // The first thread has ended when it is a zombie.
                        SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{first}/task/{first}/stat").Contains(") Z ", StringComparison.Ordinal));
                        Console.WriteLine("done " + line);
                        Obey(function, orders);
                        Libc.Call(ExitGroup, 0);
                    }).Start();
                    Libc.Call(Exit, 0);
                    return;
                case "end":
                    return;
            }

            Console.WriteLine("done " + line);
        }
    }

    // Runs this program anew, asked for by a thread that is not the first.
    private static void Begin()
    {
        string[] words = File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0');
        byte** arguments = stackalloc byte*[words.Length + 1];
        for (int i = 0; i < words.Length; i++)
        {
            arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(words[i]);
        }

        arguments[words.Length] = null;
        var execv = (delegate* unmanaged<byte*, byte**, int>)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "execv");
        fixed (byte* self = "/proc/self/exe\0"u8)
        {
            _ = execv(self, arguments);
        }
    }

    private static void Repeat(delegate* unmanaged[SuppressGCTransition]<void> function, int count)
    {
        for (int i = 0; i < count; i++)
        {
            function();
        }
    }
}
