using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Fathom.Format.Elf.Images;
using Fathom.Format.Linux;
using Fathom.Format.Tests.Elf.Images;
using Fathom.Runtime.Tests.Fakes;
using Xunit;

namespace Fathom.Runtime.Tests.Symbols;

/// <summary>Programs and libraries by the names that people use, in this file system and in that of a process; and opening them.</summary>
public sealed class UserFilesTests
{
    private static readonly int OurFlags = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x0a03 : 0x0303;
    private static readonly string Folder = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "/lib/aarch64-linux-gnu" : "/lib/x86_64-linux-gnu";

    private readonly FakeSystemCalls _calls = new();

    private Runtime.Kernel Kernel => new(_calls);

    private UserFiles Files => new(Kernel, "/usr/bin:relative::/bin/");

    [Theory]
    [InlineData("c", "/lib/libc.so.6")]
    [InlineData("libc", "/lib/libc.so.6")]
    [InlineData("libc.so.6", "/lib/libc.so.6")]
    [InlineData("libc.so", "/lib/libc.so.6")]
    [InlineData("ssl", "/lib/libssl.so.3")]
    [InlineData("libssl.so.1.1", "/lib/libssl.so.1.1")]
    [InlineData("crypt", "/lib/libcrypt.so.1")]
    [InlineData("db", "/lib/libdb-5.3.so")]
    [InlineData("ld-linux.so", "/lib/ld-linux.so.2")]
    [InlineData("bash", "/bin/bash")]
    public void Names_are_found_as_the_linker_and_the_shell_would(string name, string path)
    {
        _calls.Files[UserFiles.CachePath] = Cache(
            ("libcrypto.so.3", "/lib/libcrypto.so.3", OurFlags, 0),
            ("libcrypt.so.1", "/lib/libcrypt.so.1", OurFlags, 0),
            ("libc.so.6", "/lib32/libc.so.6", 3, 0),
            ("libc.so.6", "/lib/hwcaps/libc.so.6", OurFlags, 1UL << 62),
            ("libc.so.6", "/lib/libc.so.6", OurFlags, 0),
            ("libssl.so.3", "/lib/libssl.so.3", OurFlags, 0),
            ("libssl.so.1.1", "/lib/libssl.so.1.1", OurFlags, 0),
            ("libdb-5.3.so", "/lib/libdb-5.3.so", OurFlags, 0),
            ("ld-linux.so.2", "/lib/ld-linux.so.2", 3, 0),
            ("libgone.so.1", "/lib/libgone.so.1", OurFlags, 0));
        Exist("/lib/libcrypto.so.3", "/lib/libcrypt.so.1", "/lib32/libc.so.6", "/lib/hwcaps/libc.so.6", "/lib/libc.so.6", "/lib/libssl.so.3", "/lib/libssl.so.1.1", "/lib/libdb-5.3.so", "/lib/ld-linux.so.2", "/bin/bash");

        Assert.Equal(new UserFile(path, path), Files.Find(name));
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void Without_a_cache_the_usual_folders_are_looked_at()
    {
        Exist($"{Folder}/libz.so.1", "/usr/lib/libmusl.so", "/usr/bin/z");
        Assert.Equal($"{Folder}/libz.so.1", Files.Find("z").Path);
        Assert.Equal($"{Folder}/libz.so.1", Files.Find("libz.so.1").Path);
        Assert.Equal("/usr/lib/libmusl.so", Files.Find("musl").Path);
        string musl = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "/lib/ld-musl-aarch64.so.1" : "/lib/ld-musl-x86_64.so.1";
        Exist(musl);
        Assert.Equal(musl, Files.Find("c").Path);
        _calls.Files["/proc/9/maps"] = Encoding.UTF8.GetBytes($"7f0000000000-7f0000001000 r-xp 00000000 08:01 12    {musl}\n");
        Exist("/proc/9/root" + musl);
        Assert.Equal("/proc/9/root" + musl, Files.Find("libc", 9).Path);
    }

    [Fact]
    public void What_a_process_has_mapped_comes_first_and_is_opened_through_it()
    {
        _calls.Files["/proc/7/maps"] = Encoding.UTF8.GetBytes(
            """
            55d0c0000000-55d0c0001000 r--p 00000000 08:01 11 /app/my server
            55d0c0001000-55d0c0002000 r-xp 00001000 08:01 11 /app/my server
            7f0000000000-7f0000001000 r-xp 00000000 08:01 12 /opt/lib/libc.so.6
            7f0000002000-7f0000003000 r-xp 00000000 08:01 13 /opt/lib/libold.so.1 (deleted)
            7f0000004000-7f0000005000 r--p 00000000 08:01 14 /opt/lib/libdata.so.1
            7ffe00000000-7ffe00001000 rw-p 00000000 00:00 0 [stack]
            7ffe00002000-7ffe00003000 r-xp 00000000 00:00 0 [vdso]

            """);
        Exist("/proc/7/root/app/my server", "/proc/7/root/opt/lib/libc.so.6", "/proc/7/map_files/7f0000002000-7f0000003000", "/proc/7/root/lib/libz.so.1", "/proc/7/root/usr/bin/bash", "/lib/libc.so.6");
        _calls.Files["/proc/7/root" + UserFiles.CachePath] = Cache(("libz.so.1", "/lib/libz.so.1", OurFlags, 0));

        Assert.Equal(new UserFile("/proc/7/root/opt/lib/libc.so.6", "/opt/lib/libc.so.6"), Files.Find("c", 7));
        Assert.Equal(new UserFile("/proc/7/map_files/7f0000002000-7f0000003000", "/opt/lib/libold.so.1"), Files.Find("old", 7));
        Assert.Equal("/proc/7/root/app/my server", Files.Find("my server", 7).Path);
        Assert.Equal("/proc/7/root/app/my server", Files.Find("/app/my server", 7).Path);
        Assert.Equal(new UserFile("/proc/7/root/lib/libz.so.1", "/lib/libz.so.1") { IsUnmapped = true }, Files.Find("z", 7));
        Assert.Equal("/proc/7/root/usr/bin/bash", Files.Find("bash", 7).Path);
        Assert.Throws<UserFileException>(() => Files.Find("data", 7));
        _calls.Files.Remove("/proc/7/map_files/7f0000002000-7f0000003000");
        Exist("/proc/7/root/opt/lib/libold.so.1");
        Assert.Equal(
            "find /opt/lib/libold.so.1: the process runs a version of it that has been deleted since: restart the process, or run this as root, or give the program CAP_SYS_ADMIN.",
            Assert.Throws<UserFileException>(() => Files.Find("old", 7)).Message);
        Assert.Equal("find /etc/no: ENOENT: the process sees no such file.", Assert.Throws<UserFileException>(() => Files.Find("/etc/no", 7)).Message);
    }

    [Theory]
    [InlineData("/lib/libt.so.1")]
    [InlineData("/lib/../lib//./libt.so")]
    [InlineData("/usr/lib/libt.so.1.0")]
    [InlineData("usual")]
    public void A_path_with_links_is_what_the_process_has_mapped_behind_them(string name)
    {
        _calls.Files["/proc/7/maps"] = Encoding.UTF8.GetBytes("7f0000000000-7f0000001000 r-xp 00000000 08:01 12 /usr/lib/libt.so.1.0 (deleted)\n");
        _calls.Links["/proc/7/root"] = "/";
        _calls.Links["/proc/7/root/lib"] = "usr/lib";
        _calls.Links["/proc/7/root/usr/lib/libt.so"] = "libt.so.1";
        _calls.Links["/proc/7/root/usr/lib/libt.so.1"] = "/lib/libt.so.1.0";
        _calls.Links["/proc/7/root/usr/bin/usual"] = "../lib/libt.so";
        Exist("/proc/7/map_files/7f0000000000-7f0000001000", "/proc/7/root/usr/lib/libt.so.1.0", "/proc/7/root/lib/libt.so.1");

        Assert.Equal(new UserFile("/proc/7/map_files/7f0000000000-7f0000001000", "/usr/lib/libt.so.1.0"), Files.Find(name, 7));

        // A newer version beside the one that it runs.
        _calls.Links["/proc/7/root/usr/lib/libt.so.1"] = "libt.so.1.1";
        Exist("/proc/7/root/usr/lib/libt.so.1.1");
        UserFile found = Files.Find(name, 7);
        Assert.Equal(!name.EndsWith(".0", StringComparison.Ordinal), found.IsUnmapped);
        Assert.Equal(found.IsUnmapped ? "/proc/7/root/usr/lib/libt.so.1.1" : "/proc/7/map_files/7f0000000000-7f0000001000", found.Path);
        Assert.Empty(_calls.Open);
    }

    [Fact]
    public void In_a_chroot_links_and_maps_are_those_of_its_root()
    {
        _calls.Files["/proc/7/maps"] = Encoding.UTF8.GetBytes(
            """
            7f0000000000-7f0000001000 r-xp 00000000 08:01 12 /srv/jail/real/libt.so.1.0
            7f0000002000-7f0000003000 r-xp 00000000 08:01 13 /lib/libc.so.6

            """);
        _calls.Links["/proc/7/root"] = "/srv/jail";
        _calls.Links["/proc/7/root/lib/libt.so"] = "/real/libt.so.1.0";
        _calls.Links["/proc/7/root/lib/libu.so"] = "../../../../real/libu.so";
        Exist("/proc/7/root/real/libt.so.1.0", "/proc/7/root/real/libu.so", "/proc/7/root/lib/libc.so.6", "/lib/libc.so.6");

        Assert.Equal(new UserFile("/proc/7/root/real/libt.so.1.0", "/real/libt.so.1.0"), Files.Find("/lib/libt.so", 7));
        Assert.Equal(new UserFile("/proc/7/root/real/libu.so", "/lib/libu.so") { IsUnmapped = true }, Files.Find("/lib/libu.so", 7));

        // Mapped before it went into the chroot, which has another one.
        Assert.Equal(new UserFile("/lib/libc.so.6", "/lib/libc.so.6"), Files.Find("c", 7));
    }

    [Fact]
    public void Links_are_followed_inside_of_a_root_and_end()
    {
        string root = Directory.CreateTempSubdirectory("fathom-").FullName;
        Directory.CreateDirectory(root + "/a/b");
        File.WriteAllText(root + "/a/b/file", "");
        File.CreateSymbolicLink(root + "/absolute", "/a/b");
        File.CreateSymbolicLink(root + "/a/relative", "../absolute/./file");
        File.CreateSymbolicLink(root + "/a/out", "../../../../../../a//b/file");
        File.CreateSymbolicLink(root + "/circle", "circle");
        string Resolve(string path) => ProcessPaths.Resolve(Runtime.Kernel.Running.Calls, root, path);
        Assert.Equal("/a/b/file", Resolve("/absolute/file"));
        Assert.Equal("/a/b/file", Resolve("/a/relative"));
        Assert.Equal("/a/b/file", Resolve("/a/out"));
        Assert.Equal("/a/b/none/x", Resolve("/absolute/none/x"));
        Assert.Equal("/circle", Resolve("/circle"));
        Assert.Equal("/", Resolve("/.."));
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_library_that_was_replaced_is_still_the_one_that_this_process_has()
    {
        string folder = Directory.CreateTempSubdirectory("fathom-").FullName;
        string file = folder + "/libt.so.1.0", link = folder + "/libt.so.1";
        UserFiles files = new(Runtime.Kernel.Running);
        File.Copy(files.Find("m").Path, file);
        File.CreateSymbolicLink(link, file);
        Assert.True(files.Find(link, Environment.ProcessId).IsUnmapped);
        nint library = NativeLibrary.Load(link);
        Assert.False(files.Find(link, Environment.ProcessId).IsUnmapped);
        File.WriteAllText(folder + "/new", "newer");
        File.Move(folder + "/new", file, overwrite: true);
        if (Environment.IsPrivilegedProcess)
        {
            UserFile found = files.Find(link, Environment.ProcessId);
            Assert.StartsWith($"/proc/{Environment.ProcessId}/map_files/", found.Path, StringComparison.Ordinal);
            Assert.False(found.IsUnmapped);
        }
        else
        {
            Assert.Contains("has been deleted", Assert.Throws<UserFileException>(() => files.Find(link, Environment.ProcessId)).Message, StringComparison.Ordinal);
        }

        NativeLibrary.Free(library);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Of_a_process_in_a_chroot_links_are_followed_there()
    {
        const string Static = "/usr/bin/busybox";
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists(Static), "Needs root and a busybox without libraries (Debian's package busybox-static).");
        string jail = Directory.CreateTempSubdirectory("fathom-").FullName;
        Directory.CreateDirectory(jail + "/bin");
        Directory.CreateDirectory(jail + "/real");
        File.Copy(Static, jail + "/real/busybox-1");
        File.WriteAllText(jail + "/real/other", "");
        File.CreateSymbolicLink(jail + "/bin/busybox", "/real/busybox-1");
        File.CreateSymbolicLink(jail + "/bin/other", "/real/other");
        using (Process process = Process.Start(new ProcessStartInfo("chroot", [jail, "/bin/busybox", "cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!)
        {
            // Its answer says that it runs.
            process.StandardInput.WriteLine("runs");
            string? answer = process.StandardOutput.ReadLine();
            Assert.SkipWhen(answer is null, $"{Static} needs libraries.");
            UserFiles files = new(Runtime.Kernel.Running);
            UserFile used = files.Find("/bin/busybox", process.Id);
            Assert.Equal(("/real/busybox-1", false), (used.ShownPath, used.IsUnmapped));
            Assert.Equal(used, files.Find("busybox", process.Id));
            Assert.Equal(new UserFile($"/proc/{process.Id}/root/real/other", "/bin/other") { IsUnmapped = true }, files.Find("/bin/other", process.Id));
            process.StandardInput.Close();
            process.WaitForExit();
        }

        Directory.Delete(jail, recursive: true);
    }

    [Theory]
    [InlineData(0, "look at process 8: ENOENT: there is no such process, or it has ended.")]
    [InlineData(Errno.EACCES, "look at process 8: EACCES: its files may not be seen: run this as root, or give the program CAP_SYS_PTRACE.")]
    public void A_process_that_cannot_be_looked_at_is_said(int error, string message)
    {
        if (error != 0)
        {
            _calls.FileErrors["/proc/8/maps"] = error;
        }

        Assert.Equal(message, Assert.Throws<UserFileException>(() => Files.Find("c", 8)).Message);
    }

    [Fact]
    public void What_is_not_found_has_near_names()
    {
        _calls.Files[UserFiles.CachePath] = Cache(("libssl.so.3", "/lib/libssl.so.3", OurFlags, 0), ("libgone.so.1", "/lib/libgone.so.1", OurFlags, 0));
        Assert.Equal("find sssl: there is no library and no program of this name; did you mean ssl?", Assert.Throws<UserFileException>(() => Files.Find("sssl")).Message);
        Assert.Equal("find xyzzy: there is no library and no program of this name; name it by its path.", Assert.Throws<UserFileException>(() => Files.Find("xyzzy")).Message);
        Assert.Equal("find /no/such: ENOENT: there is no such file.", Assert.Throws<UserFileException>(() => Files.Find("/no/such")).Message);
        _calls.FileErrors["/root/x"] = Errno.EACCES;
        Assert.Equal("find /root/x: EACCES: it may not be looked at: run this as root, or give the program CAP_DAC_READ_SEARCH.", Assert.Throws<UserFileException>(() => Files.Find("/root/x")).Message);
    }

    [Fact]
    public void The_cache_may_stand_behind_an_old_one_and_may_be_damaged()
    {
        byte[] cache = Cache(("libc.so.6", "/lib/libc.so.6", OurFlags, 0), ("libz.so.1", "/lib/libz.so.1", OurFlags, 0));
        byte[] old = new byte[16 + 12 + 4];
        "ld.so-1.7.0"u8.CopyTo(old);
        old[12] = 1;
        Assert.Equal(["libc.so.6", "libz.so.1"], LoaderCache.Read((byte[])[.. old, .. cache]).Select(static l => l.Name));

        Random random = new(20);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] copy = random.Next(2) == 0 ? [.. cache] : [.. old, .. cache];
            copy[random.Next(copy.Length)] = (byte)random.Next(256);
            copy[random.Next(copy.Length)] = (byte)random.Next(256);
            Assert.True(LoaderCache.Read(copy.AsSpan(0, random.Next(copy.Length + 1))).Count <= 2);
        }
    }

    [Fact]
    public void An_image_is_read_and_only_for_a_trial_mapped()
    {
        _calls.MapsFiles = true;
        _calls.Files["/bin/x"] = Image(false, "function");
        using (UserImage image = UserImage.Open(Kernel, "/bin/x"))
        {
            Assert.Equal((0, 1), (_calls.MappedFiles, _calls.Open.Count));
            Assert.Equal("function", Assert.Single(image.Image.Functions).Name);
            Assert.Equal((new UserFile("/bin/x", "/bin/x"), "", ""), (image.File, image.DebugPath, image.DebugNote));
        }

        Assert.Empty(_calls.Open);
        using (UserFileMapping.Open(Kernel, "/bin/x"))
        {
            Assert.Equal((1, 0), (_calls.MappedFiles, _calls.Open.Count));
        }

        Assert.Equal(0, _calls.MappedFiles);
    }

    [Theory]
    [InlineData(0x1000, "read /app/x: it is a named pipe (FIFO).")]
    [InlineData(0x2000, "read /app/x: it is a device.")]
    [InlineData(0x6000, "read /app/x: it is a device.")]
    [InlineData(0xc000, "read /app/x: it is a socket.")]
    [InlineData(0x4000, "read /app/x: EISDIR: it is a directory.")]
    public void What_is_no_regular_file_is_said_and_not_opened(int mode, string message)
    {
        _calls.Files["/proc/7/root/app/x"] = "\u007fELF"u8.ToArray();
        _calls.Modes["/proc/7/root/app/x"] = (ushort)mode;
        Assert.Equal(message, Assert.Throws<UserFileException>(() => UserImage.Open(Kernel, new UserFile("/proc/7/root/app/x", "/app/x"))).Message);
        Assert.Empty(_calls.Open);
    }

    [Theory]
    [InlineData("", 0, 0, "read /app/x: it is empty.")]
    [InlineData("text", 0, 0, "read /app/x: it is no program or library (no ELF file).")]
    [InlineData("#! /usr/bin/python3 -u\nprint()", 0, 0, "read /app/x: it is a script: trace what runs it (/usr/bin/python3 -u).")]
    [InlineData("\u007fELF", 0, 0, "read /app/x: it is no program or library that can be traced (the file is shorter than an ELF header).")]
    [InlineData("\u007fELF\u0002\u0001\u0001                                        ", 0, 0, "read /app/x: it is no program or library that can be traced (the file is shorter than an ELF header).")]
    [InlineData("\u007fELF", 5, 0, "read /app/x: EIO: it cannot be read.")]
    [InlineData("", 0, Errno.EACCES, "read /app/x: EACCES: it may not be read: run this as root, or give the program CAP_DAC_READ_SEARCH.")]
    [InlineData("", 0, Errno.ENOENT, "read /app/x: ENOENT: there is no such file.")]
    [InlineData("", 0, 40, "read /app/x: ELOOP: its symbolic links lead in a circle.")]
    public void What_is_no_image_is_said(string text, int readError, int openError, string message)
    {
        _calls.MapsFiles = true;
        _calls.Files["/proc/7/root/app/x"] = Encoding.UTF8.GetBytes(text);
        _calls.ReadErrors["/proc/7/root/app/x"] = readError;
        if (openError != 0)
        {
            _calls.FileErrors["/proc/7/root/app/x"] = openError;
        }

        Assert.Equal(message, Assert.Throws<UserFileException>(() => UserImage.Open(Kernel, new UserFile("/proc/7/root/app/x", "/app/x"))).Message);
        Assert.Equal((0, 0), (_calls.Open.Count, _calls.MappedFiles));
    }

    [Theory]
    [InlineData("same", "", 2)]
    [InlineData("other", "the debug file /usr/lib/debug/.build-id/01/020304.debug is not used: it belongs to another build, or has no symbols.", 1)]
    [InlineData("none", "", 1)]
    [InlineData("damaged", "the debug file /usr/lib/debug/.build-id/01/020304.debug is not used: it is no program or library (no ELF file).", 1)]
    [InlineData("cut", "the debug file /usr/lib/debug/.build-id/01/020304.debug is not used: it is damaged (the section table lies outside the file).", 1)]
    public void Names_come_from_the_debug_file_of_the_same_build(string debug, string note, int functions)
    {
        const string Path = "/usr/lib/debug/.build-id/01/020304.debug";
        _calls.MapsFiles = true;
        _calls.Files["/lib/x.so"] = Image(true, "exported", 1, 2, 3, 4);
        byte[]? file = debug switch
        {
            "same" => Image(false, "hidden", 1, 2, 3, 4),
            "other" => Image(false, "hidden", 1, 2, 3, 5),
            "damaged" => "nonsense"u8.ToArray(),
            "cut" => Image(false, "hidden", 1, 2, 3, 4)[..200],
            _ => null,
        };
        if (file is not null)
        {
            _calls.Files[Path] = file;
        }

        using (UserImage image = UserImage.Open(Kernel, "/lib/x.so"))
        {
            Assert.Equal((note, functions == 2 ? Path : "", functions), (image.DebugNote, image.DebugPath, image.Image.Functions.Length));
            Assert.Equal(functions, _calls.Open.Count);
        }

        Assert.Equal((0, 0), (_calls.Open.Count, _calls.MappedFiles));
    }

    [Fact]
    public void This_machine_has_a_libc_and_a_shell()
    {
        UserFiles files = new(Runtime.Kernel.Running);
        foreach (string name in (string[])["c", "sh"])
        {
            using UserImage image = UserImage.Open(Runtime.Kernel.Running, files.Find(name));
            Assert.Equal(name == "c", image.Image.FindFunctions("malloc").Length > 0);
        }

        UserFile used = files.Find("c", Environment.ProcessId);
        Assert.StartsWith("/proc/", used.Path, StringComparison.Ordinal);
        using UserImage ours = UserImage.Open(Runtime.Kernel.Running, used);
        Assert.NotEmpty(ours.Image.FindFunctions("malloc"));
        Assert.Equal(ElfImageType.Shared, ours.Image.Type);
    }

    private static byte[] Image(bool dynamic, string function, params byte[] buildId)
    {
        ImageBuilder builder = new ImageBuilder().Symbols(dynamic, (function, 0x12, 1, ImageBuilder.CodeAddress, 1));
        if (buildId.Length > 0)
        {
            builder.AddSection(".note.gnu.build-id", 7, ImageBuilder.Note(3, "GNU", buildId));
        }

        return builder.Build();
    }

    private static byte[] Cache(params (string Name, string Path, int Flags, ulong Variant)[] entries)
    {
        List<byte> strings = [];
        byte[] file = new byte[48 + (entries.Length * 24)];
        "glibc-ld.so.cache1.1"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(20), entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = file.AsSpan(48 + (i * 24));
            BinaryPrimitives.WriteInt32LittleEndian(entry, entries[i].Flags);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], file.Length + strings.Count);
            strings.AddRange([.. Encoding.UTF8.GetBytes(entries[i].Name), 0]);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], file.Length + strings.Count);
            strings.AddRange([.. Encoding.UTF8.GetBytes(entries[i].Path), 0]);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], entries[i].Variant);
        }

        return [.. file, .. strings];
    }

    private void Exist(params string[] paths)
    {
        foreach (string path in paths)
        {
            _calls.Files[path] = [1];
        }
    }
}
