using System;
using System.Text;

namespace Fathom.Workloads;

/// <summary>Opens whose path is not what it seems, or leads nowhere; each fails in the way that its number says.</summary>
internal static unsafe class OddOpens
{
    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/openat2.h
    private const long ResolveInRoot = 0x10;
    private const int Pipe = 22, Readable = 0, Directory = 0x1_0000, NoSuchDescriptor = 999, LongestPath = 4095;

    /// <summary>Opens files of a folder with <c>inside</c> in it, and prints a line for each descriptor that is used: its name and its number.</summary>
    public static void Run(string folder)
    {
        int directory = Named("directory", Libc.Open, Libc.Text(folder), Directory);
        int file = Named("file", Libc.Open, Libc.Text(folder + "/inside"));
        int* pipe = stackalloc int[2];
        Libc.Check(Libc.Call(Pipe, (long)pipe));
        Console.WriteLine($"pipe {pipe[Readable]}");

        long* inRoot = stackalloc long[3] { 0, 0, ResolveInRoot };
        Libc.Check(Libc.Call(Libc.OpenAt2, directory, Libc.Text("/inside"), (long)inRoot, 24));
        _ = Libc.Call(Libc.OpenAt2, NoSuchDescriptor, Libc.Text("/in-no-root"), (long)inRoot, 24);
        _ = Libc.Call(Libc.OpenAt, directory, Libc.Text(""));
        _ = Libc.Call(Libc.OpenAt, NoSuchDescriptor, Libc.Text("at-none"));
        _ = Libc.Call(Libc.OpenAt, -1, Libc.Text("at-minus-one"));
        _ = Libc.Call(Libc.OpenAt, file, Libc.Text("at-file"));
        _ = Libc.Call(Libc.OpenAt, pipe[Readable], Libc.Text("at-pipe"));
        _ = Libc.Call(Libc.OpenAt, NoSuchDescriptor, 8);
        Libc.Check(Libc.Call(Libc.OpenAt, directory, Libc.Text(Long(LongestPath))));
        _ = Libc.Call(Libc.OpenAt, directory, Libc.Text(Long(LongestPath + 1)));
        _ = Libc.Call(Libc.OpenAt, directory, Libc.Text(Long(LongestPath * 2)));
    }

    private static int Named(string name, int call, long path, long flags = 0)
    {
        int descriptor = Libc.Check(Libc.Call(call, path, flags));
        Console.WriteLine($"{name} {descriptor}");
        return descriptor;
    }

    // ././.[/]/inside
    private static byte[] Long(int bytes)
    {
        const string End = "/inside";
        var path = new StringBuilder(bytes);
        while (path.Length < bytes - End.Length - 1)
        {
            path.Append("./");
        }

        return Encoding.UTF8.GetBytes(path.ToString() + new string('/', bytes - path.Length - "inside".Length) + "inside");
    }
}
