using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace Fathom.Runtime;

/// <summary>Unpacks what is compressed by xz, by the program of that name: compression is nothing that this library does itself.</summary>
internal static class XzProgram
{
    private const int LargestPacked = 16 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly string[] s_places = ["/usr/bin/xz", "/bin/xz", "/usr/local/bin/xz"];

    /// <summary>Unpacks; null with the reason, one sentence, if that cannot be done.</summary>
    /// <param name="packed">What is compressed. It may be made on purpose: time, memory and the size of the result are bounded.</param>
    /// <param name="largest">The most bytes that it may unpack to.</param>
    /// <param name="problem">Why not.</param>
    public static byte[]? TryUnpack(ReadOnlySpan<byte> packed, int largest, out string problem)
    {
        problem = "they are more than 16 MB.";
        if (packed.Length > LargestPacked)
        {
            return null;
        }

        problem = "they are compressed by xz, and there is no program xz here: install it (package xz-utils).";
        if (s_places.FirstOrDefault(File.Exists) is not { } program)
        {
            return null;
        }

        problem = "xz cannot unpack them.";
        try
        {
            byte[]? unpacked = Run(program, packed.ToArray(), largest, out bool isTooLarge);
            if (isTooLarge)
            {
                problem = "unpacked they are more than three times as large as the file, or more than 64 MB.";
            }

            return unpacked;
        }
        catch (Exception e) when (e is IOException or Win32Exception or AggregateException)
        {
            return null;
        }
    }

    private static byte[]? Run(string program, byte[] packed, int largest, out bool isTooLarge)
    {
        isTooLarge = false;
        var start = new ProcessStartInfo(program, ["--decompress", "--stdout", "--format=xz", "--quiet", "--memlimit=128MiB"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process? process = Process.Start(start);
        if (process is null)
        {
            return null;
        }

        // It reads and writes at a time, so that one side must not wait for the other.
        Task feed = Task.Run(() =>
        {
            using Stream input = process.StandardInput.BaseStream;
            input.Write(packed);
        });
        Task<string> complaint = process.StandardError.ReadToEndAsync();
        Task<byte[]?> read = Task.Run(() => ReadAll(process.StandardOutput.BaseStream, largest));
        bool isRead = read.Wait(s_patience);
        isTooLarge = isRead && read.Result is null;
        bool isDone = isRead && !isTooLarge && process.WaitForExit(s_patience) && process.ExitCode == 0;
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        // Both end with the process; what they complain of then is known.
        Task.WaitAny([feed], s_patience);
        Task.WaitAny([complaint], s_patience);
        return isDone ? read.Result : null;
    }

    // Null if it is more than that.
    private static byte[]? ReadAll(Stream stream, int largest)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            if (all.Length + count > largest)
            {
                return null;
            }

            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }
}
