using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;

namespace Fathom.Workloads;

/// <summary>
/// Some 300 functions of the C library, each with arguments that are always the same, and what it gives and leaves in memory: a probe on it must change
/// nothing of that.
/// </summary>
internal static unsafe class LibraryCalls
{
    private const int RoomSize = 1024;

    // What it returns, its name and its arguments. Returned: i an int, l a long or a pointer, c whether an int is above, below or equal to 0, d a double,
    // v nothing. Arguments: numbers as they are, and otherwise
    //   A B C  texts, which end alike and differ late; Z some letters; K -12345xyz; H 0x1fz; F 3.25e2; P a path; T an address
    //   W V    wide texts; M some wide letters; L a wide number
    //   D      room that is filled anew for each call; E the same, farther on; Q there with the first text in it, U with the first wide one
    //   S      random state; G a set of signals; Y a broken-down time; N a time
    private const string Table = """
        l strlen A|l strnlen A 7|l strcpy D A|l strncpy D A 30|l strcat Q B|l strncat Q B 9|c strcmp A B|c strncmp A B 60|c strcasecmp A B|c strncasecmp A B 60
        l strchr A 111|l strrchr A 111|l strchrnul A 1|l strstr A Z|l strcasestr A Z|l strspn A C|l strcspn A Z|l strpbrk A Z|l stpcpy D A|l stpncpy D A 70
        c strcoll A B|l strxfrm D A 90|c strverscmp A B|l index A 111|l rindex A 111|l basename P|l __xpg_basename Q|v swab A D 40|l memfrob Q 20|l dirname Q
        l strerror_r 2 D 99|l strerrordesc_np 2|l strerrorname_np 2|l sigdescr_np 9|l sigabbrev_np 9|l gai_strerror -2|l hstrerror 1|l strsignal 9|l strerror 2
        l memcpy D A 90|l memmove E D 100|l memset D 7 300|c memcmp A B 60|l memchr A 111 50|l memrchr A 111 50|l rawmemchr A 111|l memccpy D A 111 80
        l mempcpy D A 33|l memmem A 60 B 3|v bcopy A D 40|c bcmp A B 60|v bzero D 100|v explicit_bzero D 77|l __memcpy_chk D A 64 512|l __memset_chk D 3 64 512
        l __memmove_chk D A 64 512|l __mempcpy_chk D A 64 512|l __strcpy_chk D A 512|l __strncpy_chk D A 20 512|l __strcat_chk Q B 512|l __stpcpy_chk D A 512
        l wcslen W|l wcsnlen W 7|l wcscpy D W|l wcsncpy D W 9|l wcscat U V|l wcsncat U V 5|c wcscmp W V|c wcsncmp W V 50|c wcscasecmp W V|c wcsncasecmp W V 50
        l wcschr W 111|l wcsrchr W 111|l wcschrnul W 1|l wcsstr W M|l wcswcs W M|l wcsspn W V|l wcscspn W M|l wcspbrk W M|l wcpcpy D W|l wcpncpy D W 9
        l wmemcpy D W 20|l wmemmove E D 20|l wmempcpy D W 20|l wmemset D 7 50|c wmemcmp W V 30|l wmemchr W 111 30|i wcswidth W 30|i wcwidth 97|c wcscoll W V
        l wcsxfrm D W 90|l mbstowcs D A 20|l wcstombs D W 20|i mblen A 3|i mbtowc D A 3|i wctomb D 97|i mbsinit 0|i btowc 97|i wctob 97|l __ctype_get_mb_cur_max
        i isalpha 97|i isdigit 53|i isalnum 97|i isspace 32|i isupper 65|i islower 97|i isprint 97|i ispunct 33|i iscntrl 7|i isgraph 97|i isxdigit 97|i isblank 32
        i isascii 97|i toascii 225|i tolower 65|i toupper 97|i iswalpha 97|i iswdigit 53|i iswalnum 97|i iswspace 32|i iswupper 65|i iswlower 97|i iswprint 97
        i iswpunct 33|i iswcntrl 7|i iswgraph 97|i iswxdigit 97|i iswblank 32|i towlower 65|i towupper 97|l wctype Z|l wctrans Z|l __ctype_b_loc|l __ctype_tolower_loc
        i abs -7|l labs -7|l llabs -7|l imaxabs -7|i atoi K|l atol K|l atoll K|l strtol K E 10|l strtoul H E 0|l strtoll K E 10|l strtoull H E 16|l strtoimax K E 10
        l strtoumax K E 10|l strtoq K E 10|l strtouq H E 0|l wcstol L E 10|l wcstoul L E 10|l wcstoll L E 10|l wcstoull L E 10|l wcstoimax L E 10|l wcstoumax L E 10
        i ffs 4096|i ffsl 4096|i ffsll 4096|l a64l K|i htonl 4660|i htons 4660|i ntohl 4660|i ntohs 4660|i inet_addr T|i inet_aton T D|i inet_pton 2 T D
        i inet_network T|i inet_lnaof 2130706433|i inet_netof 2130706433|i inet_makeaddr 10 7|l inet_ntop 2 A D 40|i gnu_dev_major 64769|i gnu_dev_minor 64769
        l gnu_dev_makedev 8 1|l div 100 7|l ldiv 100 7|l lldiv 100 7|i rand_r S|l nrand48 S|l jrand48 S|i dysize 2024|l timegm Y|l gmtime_r N D|l localtime_r N D
        l asctime_r Y D|l ctime_r N D|l strftime D 90 F Y|i putenv A|l getenv Z|l secure_getenv Z|i getpid|i getppid|i getuid|i geteuid|i getgid|i getegid|i gettid
        i getpgrp|i getsid 0|i getpgid 0|i sched_get_priority_max 1|i sched_get_priority_min 1|i getpagesize|l sysconf 30|i access P 0|i euidaccess P 0|i isatty -1
        l lseek -1 0 0|i close -1|l read -1 D 4|l write -1 A 4|i dup -1|i dup2 -1 -1|i fcntl -1 1|i ioctl -1 0 0|i fsync -1|i ftruncate -1 0|i fchmod -1 0|i fchown -1 0 0
        i fdatasync -1|i flock -1 0|i fchdir -1|l pread -1 D 4 0|l pwrite -1 A 4 0|l readv -1 D 1|l writev -1 D 1|i poll 0 0 0|i sched_yield|i clock_getres 1 D
        i sigemptyset D|i sigfillset D|i sigaddset G 5|i sigdelset G 5|i sigismember G 9|i sigisemptyset G|i sigandset D G G|i sigorset D G G|i siginterrupt -1 0
        l pthread_self|i pthread_equal 5 5|i pthread_attr_init D|i pthread_mutexattr_init D|i pthread_mutexattr_settype D 1|i pthread_condattr_init D
        i pthread_rwlockattr_init D|i pthread_barrierattr_init D|i pthread_mutex_init D 0|i pthread_cond_init D 0|i pthread_rwlock_init D 0|i pthread_spin_init D 0
        i sem_init D 0 7|i fnmatch Z A 0|l nl_langinfo 14|l localeconv|l setlocale 6 0|i getdtablesize|i snprintf D 99 A|i sprintf D A|i sscanf K H|l argz_count A 75
        l argz_next A 75 A|v argz_extract A 75 D|v argz_stringify Q 75 44|l envz_entry A 75 Z|l envz_get A 75 Z|i ether_aton_r T D|i inet6_opt_init 0 0|l if_indextoname 0 D
        l getauxval 6|l confstr 0 D 90|l pathconf P 4|l readlink T D 90|i access T 0
        d frexp 3.5 D|d ldexp 3.5 4|d scalbn 3.5 4|d copysign 3.5 -2.0|i finite 3.5|i isnan 3.5|i isinf 3.5|d strtod F E|d atof F|d difftime 700 500|d erand48 S
        d wcstod L E|i __isnan 3.5|i __isinf 3.5|i __finite 3.5|d modf 3.75 D|v insque D 0|l wmemset E 9 20|l memset E 5 1|l memset D 0 15|l memset D 1 31
        i getrlimit 7 D|i getpriority 0 0|i uname D|i sched_getscheduler 0|i prctl 3 0|i getresuid D E S|i getresgid D E S|i getgroups 0 D|i gethostname D 90
        l getcwd D 500|i mlock 0 0|i munlock 0 0|i msync 0 0 0|i madvise 0 0 0|i getsockname -1 D E|i getpeername -1 D E|i listen -1 1|i shutdown -1 2
        l recv -1 D 1 0|l send -1 A 1 0|i bind -1 D 0|i connect -1 D 0|i getitimer 0 D|i sigpending D
        l memcpy D A 3|l memcpy D A 17|l memmove D E 200|l memmove Q D 31|l strlen B|l strlen Z|c memcmp B C 9|l memchr B 1 5|l strchr B 116|l strrchr C 97
        """;

    private const string First = "hello, world of tracing: one two three four five six seven eight nine ten";

    private static readonly Dictionary<string, long> s_words = [];
    private static byte* s_room;

    /// <summary>Calls all of them again and again.</summary>
    /// <returns>What was called, and how many calls did not give what the first ones gave.</returns>
    /// <param name="wait">Called between the first time and the others: for what must not change anything.</param>
    /// <param name="rounds">How often.</param>
    public static (int Functions, long Calls, List<string> Wrong) Run(Action wait, int rounds)
    {
        s_room = (byte*)NativeMemory.AlignedAlloc(RoomSize, 64);
        Fill();
        nint libc = NativeLibrary.Load("libc.so.6");
        List<Entry> entries = [.. Table.Split(['|', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Entry.Parse(libc, line)).OfType<Entry>()];
        ulong[] expected = new ulong[entries.Count];
        for (int i = 0; i < entries.Count; i++)
        {
            // Twice: the first call may set up what the second finds.
            Result(entries[i]);
            expected[i] = Result(entries[i]);
        }

        wait();
        var wrong = new List<string>();
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < entries.Count; i++)
            {
                if (Result(entries[i]) != expected[i])
                {
                    wrong.Add(entries[i].Name);
                }
            }
        }

        return (entries.Select(static one => one.Name).Distinct(StringComparer.Ordinal).Count(), (long)rounds * entries.Count, wrong);
    }

    private static void Fill()
    {
        foreach ((string word, string text) in ((string, string)[])
            [("A", First + "!"), ("B", First + "?"), ("C", First + "!"), ("Z", "tr"), ("K", "-12345xyz"), ("H", "0x1fz"), ("F", "3.25e2"), ("P", "/usr/bin/env"), ("T", "127.0.0.1")])
        {
            s_words[word] = Libc.Text(text);
        }

        foreach ((string word, string text) in ((string, string)[])[("W", First + "!"), ("V", First + "?"), ("M", "tr"), ("L", "-987.5abc")])
        {
            s_words[word] = Libc.Text([.. Encoding.UTF32.GetBytes(text), 0, 0, 0]);
        }

        // 2023-11-14 22:13:20, in seconds and broken down.
        s_words["N"] = Libc.Text(BitConverter.GetBytes(1_700_000_000L));
        s_words["Y"] = Libc.Text([.. ((int[])[20, 13, 22, 14, 10, 123, 2, 317, 0, 0, 0, 0, 0, 0]).SelectMany(BitConverter.GetBytes)]);
        s_words["D"] = (long)s_room;
        s_words["E"] = s_words["S"] = s_words["G"] = (long)s_room + (RoomSize / 2);
        s_words["Q"] = (long)s_room + 64;
        s_words["U"] = (long)s_room + 128;
    }

    // What a call gives and leaves.
    private static ulong Result(Entry entry)
    {
        var room = new Span<byte>(s_room, RoomSize);
        room.Fill(0x11);
        if (entry.Begin is { } begin)
        {
            (int at, string text, int width) = begin == 'Q' ? (64, "A", 1) : (128, "W", sizeof(int));
            new ReadOnlySpan<byte>((void*)s_words[text], (First.Length + 2) * width).CopyTo(room[at..]);
        }

        long[] a = entry.Arguments;
        long result = entry switch
        {
            { Doubles: 2 } => BitConverter.DoubleToInt64Bits(((delegate* unmanaged<double, double, double>)entry.Function)(entry.X, entry.Y)),
            { Doubles: 1, Kind: 'd' } => BitConverter.DoubleToInt64Bits(((delegate* unmanaged<double, long, double>)entry.Function)(entry.X, a.Length > 0 ? a[0] : 0)),
            { Doubles: 1 } => ((delegate* unmanaged<double, long>)entry.Function)(entry.X),
            { Kind: 'd' } => BitConverter.DoubleToInt64Bits(((delegate* unmanaged<long, long, double>)entry.Function)(At(a, 0), At(a, 1))),
            _ => ((delegate* unmanaged<long, long, long, long, long, long>)entry.Function)(At(a, 0), At(a, 1), At(a, 2), At(a, 3), At(a, 4)),
        };
        ulong hash = entry.Kind switch
        {
            'v' => 0,
            'i' => (uint)result,
            'c' => (ulong)Math.Sign((int)result),
            _ => (ulong)result,
        };
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(room))
        {
            hash = (hash ^ word) * 0x100_0000_01b3;
        }

        return hash;
    }

    private static long At(long[] arguments, int index) => index < arguments.Length ? arguments[index] : 0;

    private sealed record Entry(string Name, char Kind, nint Function, long[] Arguments, int Doubles, double X, double Y, char? Begin)
    {
        public static Entry? Parse(nint libc, string line)
        {
            string[] words = line.Split(' ');
            double[] doubles = [.. words.Skip(2).Where(static word => word.Contains('.')).Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
            string? begun = words.Skip(2).FirstOrDefault(static word => word is "Q" or "U");
            return NativeLibrary.TryGetExport(libc, words[1], out nint function)
                ? new(words[1], words[0][0], function,
                    [.. words.Skip(2).Where(static word => !word.Contains('.')).Select(static word => s_words.TryGetValue(word, out long value) ? value : long.Parse(word, CultureInfo.InvariantCulture))],
                    doubles.Length, doubles.ElementAtOrDefault(0), doubles.ElementAtOrDefault(1), begun?[0])
                : null;
        }
    }
}
