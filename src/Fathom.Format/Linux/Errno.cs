using System;
using System.Globalization;

namespace Fathom.Format.Linux;

#pragma warning disable CS1591 // Each is described in errno(3).
/// <summary>The error numbers of the kernel on x86-64 and arm64, with their names.</summary>
public static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int ENXIO = 6;
    public const int E2BIG = 7;
    public const int ENOEXEC = 8;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int EPIPE = 32;
    public const int ENOSYS = 38;
    public const int ELOOP = 40;
    public const int EILSEQ = 84;
    public const int EOPNOTSUPP = 95;
    public const int EADDRNOTAVAIL = 99;
    public const int ETIMEDOUT = 110;

    /// <summary>A number inside the kernel, which leaks out of some of its maps and programs; not in the C library's tables.</summary>
    public const int ENOTSUPP = 524;

    // https://github.com/torvalds/linux/blob/v6.18/include/uapi/asm-generic/errno.h, from number 0 on; a dash where there is none.
    private static readonly string[] Names = """
        - EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
        ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK
        ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT
        EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT
        ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ
        ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT
        EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
        ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS
        ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED
        EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL -
        """.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The name, such as <c>EPERM</c>, or <c>errno 999</c> where the number has none.</summary>
    /// <param name="error">The number, not negative.</param>
    public static string NameOf(int error) => FindName(error) ?? "errno " + error.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number of a name, such as <c>EPERM</c>; null where none has it.</summary>
    /// <param name="name">The name.</param>
    public static int? Find(string name) => name switch
    {
        // Second names.
        "EWOULDBLOCK" => EAGAIN,
        "EDEADLOCK" => 35,
        "ENOTSUP" => 95,
        "ENOTSUPP" => ENOTSUPP,
        _ => Array.IndexOf(Names, name) is > 0 and int number ? number : null,
    };

    /// <summary>The name, such as <c>EPERM</c>; null where the number has none.</summary>
    /// <param name="error">The number, not negative.</param>
    public static string? FindName(int error) => error switch
    {
        // Not for programs: the kernel begins the call again, which is then seen once more.
        // https://github.com/torvalds/linux/blob/v6.18/include/linux/errno.h
        512 => "ERESTARTSYS",
        513 => "ERESTARTNOINTR",
        514 => "ERESTARTNOHAND",
        516 => "ERESTART_RESTARTBLOCK",
        ENOTSUPP => "ENOTSUPP",
        _ => error > 0 && error < Names.Length && Names[error] != "-" ? Names[error] : null,
    };
}
