using System.IO;
using Fathom.Tools.Hosting;
using Xunit;

namespace Fathom.Tools.Tests.Shared;

public sealed class ProcessesTests
{
    [Fact]
    public void A_namespace_of_numbers_of_its_own_is_refused()
    {
        string procfs = Directory.CreateTempSubdirectory("proc").FullName;
        try
        {
            Processes.MustShareNumbers(procfs);
            string link = Path.Combine(Directory.CreateDirectory(Path.Combine(procfs, "self/ns")).FullName, "pid");
            File.CreateSymbolicLink(link, "pid:[4026531836]");
            Processes.MustShareNumbers(procfs);
            File.Delete(link);
            File.CreateSymbolicLink(link, "pid:[4026532447]");
            Assert.Contains("other numbers in this container", Assert.Throws<CannotRunException>(() => Processes.MustShareNumbers(procfs)).Message, System.StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(procfs, recursive: true);
        }
    }

    [Fact]
    public void A_process_is_told_from_a_thread_and_from_none()
    {
        string procfs = Directory.CreateTempSubdirectory("proc").FullName;
        try
        {
            // Nothing is known where procfs is not mounted.
            Processes.MustExist(3, procfs);

            Write("self", 1);
            Write("1", 1);
            Write("2", 1);
            Processes.MustExist(1, procfs);
            Assert.Equal("2 is a thread of process 1: give the number of the process", Assert.Throws<CannotRunException>(() => Processes.MustExist(2, procfs)).Message);
            Assert.Equal(
                "there is no process 3: give the number of one that runs, such as ps shows it",
                Assert.Throws<CannotRunException>(() => Processes.MustExist(3, procfs)).Message);
        }
        finally
        {
            Directory.Delete(procfs, recursive: true);
        }

        void Write(string name, int process)
        {
            string folder = Directory.CreateDirectory(Path.Combine(procfs, name)).FullName;
            File.WriteAllText(Path.Combine(folder, "status"), $"Name:\tx\nTgid:\t{process}\nPid:\t{name}\n");
        }
    }
}
