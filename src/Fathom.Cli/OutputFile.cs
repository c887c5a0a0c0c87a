using System;
using System.IO;
using System.Runtime.InteropServices;
using Fathom.Format.Linux;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using Fathom.Tools.Hosting;
using Fathom.Tools.Options;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Cli;

/// <summary>The file of <c>-o FILE</c>: as the shell's <c>&gt; FILE</c>, but never what a command that is traced has as its own.</summary>
internal sealed class OutputFile : IDisposable
{
    private readonly KernelDescriptor _file;

    private OutputFile(KernelCalls calls, KernelDescriptor file) => (_file, Stream) = (file, new DescriptorStream(calls, file.Value));

    /// <summary>Where to write.</summary>
    public Stream Stream { get; }

    /// <summary>The descriptor.</summary>
    public int Descriptor => _file.Value;

    /// <summary>Opens it, and empties it if it is an ordinary file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hasCommand">Whether a command is traced, which has our descriptors 0, 1 and 2.</param>
    /// <exception cref="UsageException">The command reads or writes this file too.</exception>
    /// <exception cref="CannotRunException">It cannot be written.</exception>
    public static OutputFile Open(string path, bool hasCommand)
    {
        KernelCalls calls = Kernel.Running.Calls;
        KernelDescriptor file = calls.Create(path, out int error) ?? throw new CannotRunException(error == Errno.ENXIO
            ? $"nobody reads '{path}': start its reader first"
            : $"'{path}' cannot be written ({Marshal.GetPInvokeErrorMessage(error)}): give another file with -o");
        try
        {
            FileStatus? status = calls.StatusOf(file.Value);
            for (int number = 0; hasCommand && number <= 2 && status is { IsNull: false } opened; number++)
            {
                if (calls.StatusOf(number) is { } own && own.IsSameAs(opened))
                {
                    throw new UsageException($"'{path}' is the command's own {(number == 0 ? "input" : "output")} too, so give another file, or -o - if both may mix");
                }
            }

            // Only now, lest the command's own input be gone.
            if (status is { IsRegular: true })
            {
                using var handle = new SafeFileHandle(file.Value, ownsHandle: false);
                RandomAccess.SetLength(handle, 0);
            }

            return new(calls, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        _file.Dispose();
    }
}
