using System;
using System.IO;
using System.Runtime.InteropServices;
using Fathom.Workloads;

namespace Fathom.Attachments;

/// <summary>Events in the kernel that do no harm, with arguments that nobody else uses.</summary>
/// <remarks>
/// The functions behind two system calls that the kernel refuses at once: they are too large to be compiled into their callers, and the same from
/// 5.10 to 7.3. https://github.com/torvalds/linux/blob/v6.18/fs/open.c (vfs_fallocate: a length that is not positive, vfs_truncate: a directory)
/// </remarks>
internal static class Workloads
{
    public const long FallocateNumber = 285;
    public const string FallocateFunction = "vfs_fallocate", TruncateFunction = "vfs_truncate";
    public const long Mode = 3, Offset = 0x1122334455, Length = -7;
    public const int FallocateResult = -22, TruncateResult = -21;

    private const long TruncateNumber = 76;

    private static readonly long s_root = Libc.Text("/");
    private static readonly FileStream s_file = new(
        Path.Combine(Path.GetTempPath(), "fathom-" + Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);

    /// <summary>Calls <see cref="FallocateFunction"/>.</summary>
    public static void Fallocate(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Expect(FallocateResult, Libc.Call(FallocateNumber, s_file.SafeFileHandle.DangerousGetHandle(), Mode, Offset, Length));
        }
    }

    /// <summary>Calls <see cref="TruncateFunction"/>.</summary>
    public static void Truncate(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Expect(TruncateResult, Libc.Call(TruncateNumber, s_root, 77));
        }
    }

    /// <summary>Closes what this holds.</summary>
    public static void Close() => s_file.Dispose();

    private static void Expect(int result, long got)
    {
        int error = Marshal.GetLastPInvokeError();
        Suite.Equal(result, got == -1 ? -error : (int)got, "result of the system call");
    }
}
