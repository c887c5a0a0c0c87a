using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Fathom.Workloads;

/// <summary>System calls as they are, without what .NET or the C library would make of them.</summary>
internal static unsafe partial class Libc
{
    public const int Open = 2, Creat = 85, Execve = 59, OpenAt = 257, NameToHandleAt = 303, OpenByHandleAt = 304, MemoryCreate = 319, ExecveAt = 322, RingSetup = 425, RingEnter = 426, OpenAt2 = 437;

    /// <summary>Makes a system call (x86-64). Gives what it returns, -1 with <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial byte* Map(void* address, nuint bytes, int protection, int flags, int descriptor, nint offset);

    /// <summary>Fails the program if a call has failed.</summary>
    public static int Check(long result) => result >= 0 ? (int)result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    /// <summary>Text as the kernel takes it, in memory that is never freed.</summary>
    public static long Text(string text) => Marshal.StringToCoTaskMemUTF8(text);

    /// <summary>Bytes with a NUL behind them, in memory that is never freed.</summary>
    public static long Text(params byte[] bytes)
    {
        nint memory = Marshal.AllocHGlobal(bytes.Length + 1);
        Marshal.Copy(bytes, 0, memory, bytes.Length);
        ((byte*)memory)[bytes.Length] = 0;
        return memory;
    }

    /// <summary>A list of pointers that ends with null, in memory that is never freed.</summary>
    public static long List(params long[] items)
    {
        nint memory = Marshal.AllocHGlobal((items.Length + 1) * sizeof(long));
        Marshal.Copy(items, 0, memory, items.Length);
        ((long*)memory)[items.Length] = 0;
        return memory;
    }
}
