using System.Linq;
using Fathom.Runtime;
using Fathom.Tools.Shared.Filters;
using Fathom.Tools.TcpLife;
using Xunit;

namespace Fathom.Tools.Tests.TcpLife;

/// <summary>The kernel side of tcplife on the running kernel.</summary>
public sealed class TcpLifeProgramTests
{
    public static TheoryData<uint, uint> Modes =>
        new(from mode in Enumerable.Range(0, 32) from filter in Enumerable.Range(0, 16) where (mode & 3) != 3 && (filter == 0 || mode >= 16) select ((uint)mode, (uint)filter));

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_mode_passes_the_verifier(uint mode, uint filter)
    {
        Programs.NeedRoot();
        var options = new LoadOptions();
        options.MaxEntries[nameof(TcpLifeProbe.Sessions)] = 1;
        options.MaxEntries[nameof(TcpLifeProbe.Ports)] = 1;
        var settings = new TaskFilterSettings
        {
            ByUser = (filter & 1) != 0,
            ByCommand = (filter & 2) != 0,
            ByCgroup = (filter & 4) != 0,
            ByTree = (filter & 8) != 0,
            Process = 3,
            Thread = 4,
            Parent = 5,
        };
        var constants = new TcpLifeProbe.Constants
        {
            OnlyIPv4 = (mode & 1) != 0,
            OnlyIPv6 = (mode & 2) != 0,
            ByLocalPort = (mode & 4) != 0,
            ByRemotePort = (mode & 8) != 0,
            ByProcess = (mode & 16) != 0,
            NetworkNamespace = 7,
            Filter = settings,
        };
        using var probe = TcpLifeProbe.Load(Kernel.Running, constants, options);
        Assert.NotEmpty(probe.Object.Programs);
    }
}
