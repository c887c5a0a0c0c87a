using System;

namespace Fathom.Bpf;

// Reading memory that may not be there.
public static unsafe partial class Helpers
{
    /// <summary>Reads kernel memory; on a fault fills with zeros and gives -EFAULT (<c>bpf_probe_read_kernel</c>).</summary>
    [Helper(113, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadKernel(void* destination, uint bytes, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads kernel memory; on a fault fills with zeros and gives -EFAULT (<c>bpf_probe_read_kernel</c>).</summary>
    [Helper(113, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadKernel(Span<byte> destination, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads memory of the current process; on a fault fills with zeros and gives -EFAULT (<c>bpf_probe_read_user</c>).</summary>
    [Helper(112, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadUser(void* destination, uint bytes, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads memory of the current process; on a fault fills with zeros and gives -EFAULT (<c>bpf_probe_read_user</c>).</summary>
    [Helper(112, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadUser(Span<byte> destination, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads a string from kernel memory, always ended by NUL; gives its bytes with the NUL, or a negative errno (<c>bpf_probe_read_kernel_str</c>).</summary>
    [Helper(115, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadKernelString(void* destination, uint bytes, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads a string from kernel memory, always ended by NUL; gives its bytes with the NUL, or a negative errno (<c>bpf_probe_read_kernel_str</c>).</summary>
    [Helper(115, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadKernelString(Span<byte> destination, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads a string of the current process, always ended by NUL; gives its bytes with the NUL, or a negative errno (<c>bpf_probe_read_user_str</c>).</summary>
    [Helper(114, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadUserString(void* destination, uint bytes, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads a string of the current process, always ended by NUL; gives its bytes with the NUL, or a negative errno (<c>bpf_probe_read_user_str</c>).</summary>
    [Helper(114, Since = "5.5", ProgramTypes = ProgramTypes.Tracing)]
    public static long ProbeReadUserString(Span<byte> destination, void* source) => throw DeviceOnlyException.Create();

    /// <summary>Reads memory of the current process, paging it in: only where the program may sleep (<c>bpf_copy_from_user</c>).</summary>
    [Helper(148, Since = "5.10", ProgramTypes = ProgramTypes.Syscall)]
    public static long CopyFromUser(void* destination, uint bytes, void* source) => throw DeviceOnlyException.Create();
}
