using System.Collections.Generic;
using Fathom.Tools.BioLatency;
using Fathom.Tools.ExecSnoop;
using Fathom.Tools.FuncCount;
using Fathom.Tools.Hosting;
using Fathom.Tools.OpenSnoop;
using Fathom.Tools.RunqLat;
using Fathom.Tools.SysCount;
using Fathom.Tools.TcpLife;

namespace Fathom.Cli;

/// <summary>The tools that fathom has.</summary>
internal static class AllTools
{
    /// <summary>Makes them. Nothing is loaded before a tool starts.</summary>
    public static IReadOnlyList<ITool> Create() => [new BioLatencyTool(), new ExecSnoopTool(), new FuncCountTool(), new OpenSnoopTool(), new RunqLatTool(), new SysCountTool(), new TcpLifeTool()];
}
