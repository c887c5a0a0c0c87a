using System;
using System.IO;
using Fathom.Cli;
using Fathom.Tools.Hosting;
using Microsoft.Win32.SafeHandles;

StandardDescriptors.OpenClosed();
using Stream output = Standard(1, static () => Console.OpenStandardOutput());
using Stream errors = Standard(2, static () => Console.OpenStandardError());
using var clock = new HostClock();
using var signals = new Signals(() => clock.Stop());
return new FathomProgram(AllTools.Create(), output, errors).Run(args, clock);

// Console's streams keep silent about a reader that has closed a pipe (EPIPE), so a tool would run on for nobody. FileStream does not, but
// in a file it writes at a position of its own, over what others (such as standard error to the same file) have written there.
static Stream Standard(int descriptor, Func<Stream> console)
{
    var file = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
    if (!file.CanSeek)
    {
        return file;
    }

    file.Dispose();
    return console();
}
