using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Xunit;

namespace Fathom.Tools.Tests.Events;

/// <summary>A 32-bit program without a C library: it opens a file by open and by openat, and one that is not there.</summary>
internal static class Program32
{
    private const uint Base = 0x0804_8000, Headers = 52 + 32;

    // Numbers of system calls and registers of i386.
    private const int Exit = 1, Open = 5, OpenAt = 295;
    private const byte Eax = 0xb8, Ecx = 0xb9, Edx = 0xba, Ebx = 0xbb, Esi = 0xbe;

    /// <summary>Writes it into a folder, and skips the test where the kernel does not run such programs.</summary>
    public static string Write(string folder, string there, string missing)
    {
        int length = Code(0, 0).Length;
        uint thereAt = Base + Headers + (uint)length, missingAt = thereAt + (uint)there.Length + 1;
        byte[] code = [.. Code(thereAt, missingAt), .. Encoding.UTF8.GetBytes(there + "\0" + missing + "\0")];
        uint size = Headers + (uint)code.Length;
        byte[] header = new byte[Headers];
        byte[] start = [0x7f, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1];
        start.CopyTo(header, 0);
        (int At, uint Value)[] words =
        [
            (16, 0x0003_0002), (20, 1), (24, Base + Headers), (28, 52), (40, 0x0020_0034), (44, 1),
            (52, 1), (60, Base), (64, Base), (68, size), (72, size), (76, 5), (80, 0x1000),
        ];
        foreach ((int at, uint value) in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(at), value);
        }

        string file = folder + "/program32";
        File.WriteAllBytes(file, [.. header, .. code]);
        RunningProgram.Run("/bin/chmod", "755", file).Dispose();
        using RunningProgram tried = RunningProgram.Run("/bin/sh", "-c", file + " 2>&1");
        Assert.SkipWhen(tried.ExitCode == 126, "This kernel runs no 32-bit programs: " + tried.Output);
        Assert.Equal(0, tried.ExitCode);
        return file;
    }

    private static byte[] Code(uint there, uint missing)
    {
        var code = new List<byte>();
        Call(code, (Eax, Open), (Ebx, there), (Ecx, 0x8_0000), (Edx, 0));
        Call(code, (Eax, OpenAt), (Ebx, unchecked((uint)-100)), (Ecx, there), (Edx, 0), (Esi, 0));
        Call(code, (Eax, Open), (Ebx, missing), (Ecx, 0), (Edx, 0));
        Call(code, (Eax, Exit), (Ebx, 0));
        return [.. code];
    }

    // mov register, value; ...; int 0x80
    private static void Call(List<byte> code, params (byte Register, uint Value)[] registers)
    {
        byte[] value = new byte[4];
        foreach ((byte register, uint word) in registers)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(value, word);
            code.Add(register);
            code.AddRange(value);
        }

        code.AddRange([0xcd, 0x80]);
    }
}
