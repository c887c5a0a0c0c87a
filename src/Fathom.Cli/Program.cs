using System.IO;
using Fathom.Cli;
using Fathom.Tools.Hosting;
using Microsoft.Win32.SafeHandles;

// Not Console's streams: those keep silent about a reader that has closed the output (EPIPE), so a tool would run on for nobody.
using FileStream output = Standard(1);
using FileStream errors = Standard(2);
using var clock = new HostClock();
using var signals = new Signals(clock.Stop);
return new FathomProgram(AllTools.Create(), output, errors).Run(args, clock);

static FileStream Standard(int descriptor) => new(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
