using System.IO;
using Fathom.Tools.Hosting;
using Fathom.Tools.Shared;
using Xunit;

namespace Fathom.Tools.Tests.Shared;

public sealed class NetworkNamespacesTests
{
    [Fact]
    public void Names_paths_and_numbers()
    {
        string procfs = Directory.CreateTempSubdirectory("proc").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(procfs, "self/ns"));
            string link = Path.Combine(procfs, "self/ns/net");
            File.CreateSymbolicLink(link, "net:[4026531840]");
            File.WriteAllText(
                Path.Combine(procfs, "self/mountinfo"),
                """
                20 1 0:4 / /proc rw shared:1 - proc proc rw
                30 2 0:4 net:[4026532001] /run/netns/blue rw shared:2 - nsfs nsfs rw
                31 2 0:4 mnt:[4026532002] /run/netns/odd rw shared:2 - nsfs nsfs rw

                """);
            var namespaces = new NetworkNamespaces(procfs);
            Assert.Equal(4026531840, namespaces.OfProcess("self"));
            Assert.Null(namespaces.OfProcess("1"));
            Assert.Equal(4026531840, namespaces.Find(new(link, null)));
            Assert.Equal(4026532001, namespaces.Find(new("blue", null)));
            Assert.Equal(4026532001, namespaces.Find(new("/run/netns/blue", null)));
            Assert.Equal(4026532001, namespaces.Find(new("/var/run/netns/blue", null)));
            Assert.Equal(4026532999u, namespaces.Find(new("4026532999", 4026532999)));
            Assert.Equal(
                "there is no network namespace 'odd': give a name that ip netns shows, a path such as /proc/PID/ns/net, or a number",
                Assert.Throws<CannotRunException>(() => namespaces.Find(new("odd", null))).Message);
        }
        finally
        {
            Directory.Delete(procfs, recursive: true);
        }
    }
}
