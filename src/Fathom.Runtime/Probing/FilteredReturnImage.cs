using System;
using System.Buffers.Binary;

namespace Fathom.Runtime;

/// <summary>
/// A program of a few instructions for x86-64 that finds out whether a return probe on its one function passes a seccomp filter, and tells by its
/// exit code. It sets a filter that refuses the system call <c>uretprobe</c> (335) with EPERM and allows every other, calls the function and ends.
/// </summary>
/// <remarks>
/// It ends in order also where the filter stops the system call. The kernel's code behind that call then takes for the return address what the
/// function returned, which is therefore the address of a place in the program: there is no signal, no core dump and no line in a log.
/// https://github.com/torvalds/linux/blob/v6.11/arch/x86/kernel/uprobes.c (uretprobe_trampoline_entry)
/// </remarks>
internal static class FilteredReturnImage
{
    /// <summary>Exit codes: the probe was there and the function returned to its caller.</summary>
    public const int Passed = 10;

    /// <summary>Nothing had replaced the return address: there was no probe.</summary>
    public const int NotProbed = 11;

    /// <summary>The filter stopped the return.</summary>
    public const int Stopped = 12;

    /// <summary>The filter could not be set.</summary>
    public const int NoFilter = 13;

    /// <summary>Where in the file the function begins: at a push, which the kernel emulates.</summary>
    public const int Function = MemoryImage.CodeOffset + 0x54;

    private const int FilterProgram = MemoryImage.CodeOffset + 0x70;
    private const int Filter = FilterProgram + 16;
    private const int FilterLength = 4;

    private static ReadOnlySpan<byte> Code =>
    [
        0xbf, 0x26, 0x00, 0x00, 0x00,             // 00 mov edi, 38          PR_SET_NO_NEW_PRIVS: a filter without it takes a capability
        0xbe, 0x01, 0x00, 0x00, 0x00,             // 05 mov esi, 1
        0x31, 0xd2,                               // 0a xor edx, edx
        0x45, 0x31, 0xd2,                         // 0c xor r10d, r10d
        0x45, 0x31, 0xc0,                         // 0f xor r8d, r8d
        0xb8, 0x9d, 0x00, 0x00, 0x00,             // 12 mov eax, 157         prctl
        0x0f, 0x05,                               // 17 syscall
        0xbf, 0x16, 0x00, 0x00, 0x00,             // 19 mov edi, 22          PR_SET_SECCOMP
        0xbe, 0x02, 0x00, 0x00, 0x00,             // 1e mov esi, 2           SECCOMP_MODE_FILTER
        0x48, 0x8d, 0x15, 0x46, 0x00, 0x00, 0x00, // 23 lea rdx, [rip+0x46]  70: the filter
        0xb8, 0x9d, 0x00, 0x00, 0x00,             // 2a mov eax, 157
        0x0f, 0x05,                               // 2f syscall
        0xbf, NoFilter, 0x00, 0x00, 0x00,         // 31 mov edi, NoFilter
        0x85, 0xc0,                               // 36 test eax, eax
        0x75, 0x13,                               // 38 jne 4d
        0xe8, 0x15, 0x00, 0x00, 0x00,             // 3a call 54
        0xbf, Passed, 0x00, 0x00, 0x00,           // 3f mov edi, Passed
        0x01, 0xdf,                               // 44 add edi, ebx         or NotProbed
        0xeb, 0x05,                               // 46 jmp 4d
        0xbf, Stopped, 0x00, 0x00, 0x00,          // 48 mov edi, Stopped     only jumped to by what the function returns
        0xb8, 0xe7, 0x00, 0x00, 0x00,             // 4d mov eax, 231         exit_group
        0x0f, 0x05,                               // 52 syscall
        0x55,                                     // 54 push rbp             the function
        0x5d,                                     // 55 pop rbp
        0x48, 0x8d, 0x05, 0xe2, 0xff, 0xff, 0xff, // 56 lea rax, [rip-0x1e]  3f, where it was called
        0x31, 0xdb,                               // 5d xor ebx, ebx
        0x48, 0x3b, 0x04, 0x24,                   // 5f cmp rax, [rsp]
        0x0f, 0x94, 0xc3,                         // 63 sete bl              1 without a probe
        0x48, 0x8d, 0x05, 0xdb, 0xff, 0xff, 0xff, // 66 lea rax, [rip-0x25]  48
        0xc3,                                     // 6d ret
    ];

    /// <summary>The file.</summary>
    public static byte[] Build()
    {
        byte[] file = MemoryImage.Build(Code, Filter + (FilterLength * 8));

        // https://man7.org/linux/man-pages/man2/seccomp.2.html: struct sock_fprog, and the filter, which asks for the number of the system call.
        Put64(file, FilterProgram, FilterLength);
        Put64(file, FilterProgram + 8, MemoryImage.Address + Filter);
        ReadOnlySpan<ulong> filter =
        [
            0x00000000_0000_0020, // load the number
            0x0000014f_0100_0015, // if it is 335, uretprobe
            0x00050001_0000_0006, // SECCOMP_RET_ERRNO, EPERM
            0x7fff0000_0000_0006, // SECCOMP_RET_ALLOW
        ];
        for (int i = 0; i < FilterLength; i++)
        {
            Put64(file, Filter + (i * 8), filter[i]);
        }

        return file;
    }

    private static void Put64(Span<byte> file, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file[offset..], value);
}
