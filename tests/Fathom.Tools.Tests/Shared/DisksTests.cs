using System;
using System.IO;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Xunit;

namespace Fathom.Tools.Tests.Shared;

public sealed class DisksTests : IDisposable
{
    private readonly string _sysfs = Directory.CreateTempSubdirectory("sysfs").FullName;

    public DisksTests()
    {
        foreach (string folder in (string[])["class/block", "block", "dev/block"])
        {
            Directory.CreateDirectory(Path.Combine(_sysfs, folder));
        }

        Add("devices/pci/sda", "8:0");
        Add("devices/pci/sda/sda1", "8:1", partition: true);
        Add("devices/pci/cciss!c0d0", "104:0");
        Add("devices/pci/nvme0n1", "259:3");
    }

    public void Dispose() => Directory.Delete(_sysfs, recursive: true);

    private Disks Disks => new(_sysfs);

    [Theory]
    [InlineData("sda")]
    [InlineData("/dev/sda")]
    public void A_disk(string name) => Assert.Equal(new Disk("sda", new(8, 0), null), Disks.Find(name));

    [Theory]
    [InlineData("sda1")]
    [InlineData("/dev/sda1")]
    public void A_partition_is_its_disk(string name) => Assert.Equal(new Disk("sda", new(8, 0), "sda1"), Disks.Find(name));

    [Theory]
    [InlineData("cciss/c0d0")]
    [InlineData("/dev/cciss/c0d0")]
    public void A_name_with_a_slash(string name) => Assert.Equal(new Disk("cciss/c0d0", new(104, 0), null), Disks.Find(name));

    [Theory]
    [InlineData("sdz")]
    [InlineData("")]
    [InlineData("/dev/")]
    [InlineData("../../devices/pci/sda")]
    [InlineData("sda/sda1")]
    [InlineData("sda\0")]
    public void An_unknown_disk_names_the_others(string name)
    {
        var e = Assert.Throws<CannotRunException>(() => Disks.Find(name));
        Assert.Equal($"there is no disk '{name}': choose one of cciss/c0d0, nvme0n1, sda", e.Message);
    }

    [Fact]
    public void Without_sysfs_it_says_so()
    {
        var e = Assert.Throws<CannotRunException>(static () => new Disks("/no/such").Find("sda"));
        Assert.Equal("there is no disk 'sda', and none is listed in /no/such/block: is sysfs mounted?", e.Message);
    }

    [Fact]
    public void Names_are_looked_up_when_they_are_needed()
    {
        Disks disks = Disks;
        Assert.Equal("259:4", disks.NameOf(new(259, 4)));
        Assert.Equal("nvme0n1", disks.NameOf(new(259, 3)));
        Assert.Equal("cciss/c0d0", disks.NameOf(new(104, 0)));
        Add("devices/virtual/loop7", "7:7");
        Assert.Equal("loop7", disks.NameOf(new(7, 7)));
        File.Delete(Path.Combine(_sysfs, "dev/block/7:7"));
        Assert.Equal("loop7", disks.NameOf(new(7, 7)));
    }

    [Fact]
    public void The_kernels_number_is_not_that_of_stat()
    {
        Assert.Equal((254u << 20) | 3, new DeviceNumber(254, 3).InKernel);
        Assert.Equal(new DeviceNumber(259, 300_000), DeviceNumber.FromKernel(new DeviceNumber(259, 300_000).InKernel));
    }

    private void Add(string path, string device, bool partition = false)
    {
        string folder = Path.Combine(_sysfs, path);
        string name = Path.GetFileName(path);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "dev"), device + "\n");
        File.CreateSymbolicLink(Path.Combine(_sysfs, "class/block", name), folder);
        File.CreateSymbolicLink(Path.Combine(_sysfs, "dev/block", device), folder);
        if (partition)
        {
            File.WriteAllText(Path.Combine(folder, "partition"), "1\n");
        }
        else
        {
            File.CreateSymbolicLink(Path.Combine(_sysfs, "block", name), folder);
        }
    }
}
