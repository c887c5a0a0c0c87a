using System.IO;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Xunit;

namespace Fathom.Tools.Tests.Shared;

public sealed class CgroupsTests
{
    [Fact]
    public void The_mount_is_found_among_others()
    {
        string mounts = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                mounts,
                """
                22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw
                26 22 0:24 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
                27 22 0:25 / /sys/fs/a\040b rw shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate
                """);
            Assert.Equal("/sys/fs/a b", new Cgroups(mounts).Mount());
            Assert.Equal("/sys/fs/a b/user.slice", new Cgroups(mounts).Resolve("user.slice"));
            File.WriteAllText(mounts, "garbage - cgroup2\n");
            Assert.Null(new Cgroups(mounts).Mount());
        }
        finally
        {
            File.Delete(mounts);
        }
    }

    [Theory]
    [InlineData("/no/such/cgroup", "there is no cgroup '/no/such/cgroup': ")]
    [InlineData("/etc", "'/etc' is not a cgroup of version 2")]
    public void What_is_no_cgroup_is_said(string path, string message)
    {
        var e = Assert.Throws<CannotRunException>(() => new Cgroups().Find(path));
        Assert.StartsWith(message, e.Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public void A_cgroup_is_found_by_its_whole_path_and_by_that_below_the_mount()
    {
        string mount = Directory.CreateTempSubdirectory("cgroup").FullName;
        string mounts = Path.GetTempFileName();
        try
        {
            File.WriteAllText(mounts, $"27 22 0:25 / {mount} rw shared:9 - cgroup2 cgroup2 rw\n");
            string child = Directory.CreateDirectory(Path.Combine(mount, "a.slice/b")).FullName;
            File.WriteAllText(Path.Combine(child, "cgroup.controllers"), "io\n");
            var cgroups = new Cgroups(mounts);
            Assert.Equal(child, cgroups.Find(child));
            Assert.Equal(child, cgroups.Find("a.slice/b"));
            Assert.Equal(child, cgroups.Find("/a.slice/b"));
            File.WriteAllText(Path.Combine(mount, "cgroup.controllers"), "io\n");
            Assert.Equal(mount + "/", cgroups.Find("/"));
            Assert.Equal(
                $"there is no cgroup '{mount}/c': give the path of a directory below {mount}",
                Assert.Throws<CannotRunException>(() => cgroups.Find("c")).Message);
        }
        finally
        {
            File.Delete(mounts);
            Directory.Delete(mount, recursive: true);
        }
    }
}
