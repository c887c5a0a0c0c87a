using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Fathom.Workloads;

// One word says what happens; the tests say what of it must be seen.
switch (args[0])
{
    case "opens":
        // opens PATH COUNT: from two threads at once.
        long path = Libc.Text(args[1]);
        int count = int.Parse(args[2]);
        void Loop(int times)
        {
            for (int i = 0; i < times; i++)
            {
                Libc.Close(Libc.Check(Libc.Call(Libc.Open, path)));
            }
        }

        var other = new Thread(() => Loop(count / 2));
        other.Start();
        Loop(count - (count / 2));
        other.Join();
        break;

    case "every-open":
        // every-open FOLDER: each way to open a file, once.
        string folder = args[1];
        Libc.Check(Libc.Call(Libc.Creat, Libc.Text(folder + "/by-creat"), 0x1a0));
        Libc.Check(Libc.Call(Libc.Open, Libc.Text(folder + "/by-open"), 0x42, 0x180));
        int directory = Libc.Check(Libc.Call(Libc.Open, Libc.Text(folder), 0x1_0000));
        Libc.Check(Libc.Call(Libc.OpenAt, directory, Libc.Text("by-creat")));
        _ = Libc.Call(Libc.OpenAt, directory, Libc.Text("missing"));
        unsafe
        {
            long* how = stackalloc long[3] { 0x8_0000, 0, 0 };
            Libc.Check(Libc.Call(Libc.OpenAt2, directory, Libc.Text("by-open"), (long)how, 24));
            byte* handle = stackalloc byte[136];
            *(uint*)handle = 128;
            int mount;
            if (Libc.Call(Libc.NameToHandleAt, directory, Libc.Text("by-open"), (long)handle, (long)&mount) == 0)
            {
                Libc.Check(Libc.Call(Libc.OpenByHandleAt, directory, (long)handle));
                Console.WriteLine("handle");
            }
        }

        Environment.CurrentDirectory = folder;
        Libc.Check(Libc.Call(Libc.Open, Libc.Text("./by-open")));
        break;

    case "library":
        // library PATH COUNT [slow]: a library with so many functions.
        TestLibrary.Write(args[1], int.Parse(args[2]), args.Length > 3);
        break;

    case "calls":
        // calls PATH COUNT THREADS: each function of the library a prime number of times from each thread (see Primes).
        nint library = NativeLibrary.Load(args[1]);
        int functionCount = int.Parse(args[2]);
        var functions = new nint[functionCount];
        for (int i = 0; i < functionCount; i++)
        {
            functions[i] = NativeLibrary.GetExport(library, "f" + i);
        }

        unsafe void CallAll()
        {
            for (int i = 0; i < functions.Length; i++)
            {
                for (int times = Primes.OfFunction(i); times > 0; times--)
                {
                    ((delegate* unmanaged<void>)functions[i])();
                }
            }
        }

        var threads = new Thread[int.Parse(args[3])];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(CallAll);
            threads[i].Start();
        }

        Array.ForEach(threads, static thread => thread.Join());
        break;

    case "many":
        // many PATH COUNT: calls f10 so often, and says how many nanoseconds one took.
        unsafe
        {
            var function = (delegate* unmanaged<void>)NativeLibrary.GetExport(NativeLibrary.Load(args[1]), "f10");
            int repeats = int.Parse(args[2]);
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
            {
                function();
            }

            Console.WriteLine((int)(Stopwatch.GetElapsedTime(start).TotalNanoseconds / repeats));
        }

        break;

    case "obey":
        // obey PATH FIFO: loads the library, says "ready" and where f10 is, then does what each line of the FIFO says.
        Obedience.Obey(args[1], args[2]);
        break;

    case "semaphores":
        // semaphores PATH INDEX: says when the counter of listeners of a static probe leaves 0, and when it comes back.
        NativeLibrary.Load(args[1]);
        unsafe
        {
            // They are the first thing in what of the library is writable.
            string line = File.ReadLines("/proc/self/maps").First(line => line.EndsWith(args[1], StringComparison.Ordinal) && line.Contains(" rw", StringComparison.Ordinal));
            var semaphore = (ushort*)long.Parse(line.AsSpan(0, line.IndexOf('-')), NumberStyles.HexNumber) + int.Parse(args[2]);
            Console.WriteLine("ready");
            foreach (string word in (string[])["up", "down"])
            {
                while (Volatile.Read(ref *semaphore) != 0 != (word == "up"))
                {
                    Thread.Sleep(1);
                }

                Console.WriteLine(word);
            }
        }

        break;

    case "ring":
        // ring PATH...: opens by io_uring; after "silent" those that say nothing if they succeed.
        bool isSilent = args[1] == "silent";
        foreach (string opened in args[(isSilent ? 2 : 1)..])
        {
            Console.WriteLine(Ring.Open(opened, isSilent));
        }

        break;

    case "hostile-open":
        // hostile-open FOLDER: a name with everything that a terminal, a parser or a decoder could trip over.
        byte[] name = [.. Encoding.UTF8.GetBytes(args[1]), (byte)'/', 0x1b, (byte)'[', (byte)'2', (byte)'J', (byte)'\n', (byte)'"', (byte)'\\', 0xff, 0xc3, (byte)'\t', (byte)'z'];
        Libc.Check(Libc.Call(Libc.Open, Libc.Text(name), 0x42, 0x180));
        break;

    case "odd-opens":
        // odd-opens FOLDER: paths that are not what they seem, or lead nowhere.
        OddOpens.Run(args[1]);
        break;

    case "flood":
        // flood PATH COUNT PROCESSES BUSY NAME: so many opens in all.
        Endings.Flood(args[1], int.Parse(args[2]), int.Parse(args[3]), int.Parse(args[4]), args[5]);
        break;

    case "flood-one":
        Endings.FloodOne(args[1], int.Parse(args[2]), args[3]);
        break;

    case "spin":
        Endings.Spin();
        break;

    case "accept":
        // accept COUNT GATE exit|kill: sessions that the end closes.
        Endings.Accept(int.Parse(args[1]), args[2], args[3] == "kill");
        break;

    case "replace":
        // replace PATH BYTES: a file that the end closes.
        Endings.Replace(args[1], int.Parse(args[2]));
        break;

    case "many-paths":
        // many-paths COUNT BYTES: sessions of MPTCP.
        ManyPaths.Run(int.Parse(args[1]), int.Parse(args[2]));
        break;

    case "memory-exec":
        // memory-exec NAME PROGRAM ARGS...: a copy of the program that is in no directory.
        int memory = Libc.Check(Libc.Call(Libc.MemoryCreate, Libc.Text(args[1]), 1));
        File.Copy(args[2], $"/proc/self/fd/{memory}", overwrite: true);
        Libc.Check(Libc.Call(Libc.ExecveAt, memory, Libc.Text(""), Libc.List(Array.ConvertAll(args[2..], static text => Libc.Text(text))), Libc.List(), 0x1000));
        break;

    case "thread-exec":
        // thread-exec PROGRAM ARGS...: from a thread that is not the first.
        var thread = new Thread(() => Exec(args[1], args[1..]));
        thread.Start();
        thread.Join();
        break;

    case "fexecve":
        // fexecve PROGRAM ARGS...: by a descriptor, whose path is empty.
        int program = Libc.Check(Libc.Call(Libc.Open, Libc.Text(args[1]), 0x8_0000));
        Libc.Check(Libc.Call(Libc.ExecveAt, program, Libc.Text(""), Libc.List(Array.ConvertAll(args[1..], static text => Libc.Text(text))), Libc.List(), 0x1000));
        break;

    case "cold-exec":
        // cold-exec PROGRAM FILE: with an argument that lies in a page of a file which nobody has touched.
        int file = Libc.Check(Libc.Call(Libc.Open, Libc.Text(args[2])));
        unsafe
        {
            byte* cold = Libc.Map(null, 4096, 1, 2, file, 0);
            Libc.Check(Libc.Call(Libc.Execve, Libc.Text(args[1]), Libc.List(Libc.Text("cold"), (long)cold), Libc.List()));
        }

        break;

    case "fail-exec":
        // fail-exec PROGRAM ARGS...: it is not there.
        _ = Libc.Call(Libc.Execve, Libc.Text(args[1]), Libc.List(Array.ConvertAll(args[1..], static text => Libc.Text(text))), Libc.List());
        Console.WriteLine(Marshal.GetLastPInvokeError());
        break;

    case "long-exec":
        // long-exec PROGRAM COUNT: that many arguments of 100 characters.
        string[] many = new string[int.Parse(args[2]) + 1];
        Array.Fill(many, new string('x', 100));
        many[0] = "long";
        Exec(args[1], many);
        break;

    case "hostile-exec":
        // hostile-exec PROGRAM: with an argument that a terminal, a parser or a decoder could trip over.
        Libc.Check(Libc.Call(Libc.Execve, Libc.Text(args[1]), Libc.List(Libc.Text("hostile"), Libc.Text(0x1b, (byte)'[', (byte)'2', (byte)'J', (byte)'\n', (byte)'"', (byte)'\\', 0xff, (byte)'z')), Libc.List()));
        break;

    case "libc":
        // libc ROUNDS: functions of the C library with arguments that are always the same. Says "ready" and waits for a line between the first calls and the rest.
        (int called, long calls, var wrong) = LibraryCalls.Run(
            static () =>
            {
                Console.WriteLine("ready");
                Console.ReadLine();
            },
            int.Parse(args[1]));
        Console.WriteLine($"{called} functions, {calls} calls, {wrong.Count} wrong: {string.Join(' ', wrong.Distinct())}");
        break;

    default:
        Console.Error.WriteLine("There is no workload of this name.");
        return 2;
}

return 0;

static void Exec(string program, string[] arguments) =>
    Libc.Check(Libc.Call(Libc.Execve, Libc.Text(program), Libc.List(Array.ConvertAll(arguments, static text => Libc.Text(text))), Libc.List()));
