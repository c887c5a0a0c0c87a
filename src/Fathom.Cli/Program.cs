using System;
using Fathom.Cli;
using Fathom.Runtime;
using Fathom.Runtime.Interop;
using Fathom.Tools.Hosting;

InheritedState.TakeOver();
StandardDescriptors.OpenClosed();
using var output = new DescriptorStream(Kernel.Running.Calls, 1);
using var errors = new DescriptorStream(Kernel.Running.Calls, 2);
using var clock = new HostClock();
var program = new FathomProgram(AllTools.Create(), output, errors) { OutputDescriptor = 1, Layout = TerminalLayout.Of(1) };
try
{
    using var signals = new Signals(() => clock.Stop());
    program.CommandStarted = signals.Accompany;
    return program.Run(args, clock);
}
catch (Exception e) when (ResourceLimitException.IsLimit(e))
{
    return program.Refuse(e, hasCommand: Array.IndexOf(args, "--") >= 0);
}
