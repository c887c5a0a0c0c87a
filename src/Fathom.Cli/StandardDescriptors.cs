using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Cli;

/// <summary>Standard input, output and error, some of which whoever started the program may have closed.</summary>
internal static class StandardDescriptors
{
    /// <summary>
    /// Opens those that are closed. Otherwise the next file to be opened would get the number, and what is meant for people would be
    /// written into it.
    /// </summary>
    public static void OpenClosed()
    {
        const string Folder = "/proc/self/fd";
        if (!Directory.Exists(Folder))
        {
            return;
        }

        for (int number = 0; number <= 2; number++)
        {
            if (!Path.Exists($"{Folder}/{number}"))
            {
                // Output fails there (EBADF), as it would have to a closed descriptor; complaints that nobody hears do not.
                SafeFileHandle handle = File.OpenHandle(
                    "/dev/null", FileMode.Open, number == 2 ? FileAccess.Write : FileAccess.Read, FileShare.ReadWrite);
                handle.SetHandleAsInvalid();
            }
        }
    }
}
