using System;
using Fathom.Attachments;
using Fathom.Runtime.Interop;

// Every way of attaching, on the running kernel, as root. Alone it runs the tests, or those whose names contain a word; the rest is for its children.
switch (args)
{
    case ["hold-kprobe"]:
        return Held(KernelFunctionTests.Hold);
    case ["hold-uprobe", string path]:
        return Held(() => UserFunctionTests.Hold(path));
    case ["call", string path]:
        UserFunctionTests.CallByLines(path);
        return 0;
    case ["call-filtered", string path, string where]:
        SeccompTests.CallFiltered(path, where);
        return 0;
    case ["wait"]:
        return Held(static () => null);
    case [] or [_]:
        break;
    default:
        Console.Error.WriteLine("usage: Fathom.Attachments [PART OF A TEST'S NAME]");
        return 2;
}

Suite.Only = args is [string only] ? only : "";
DescriptorLedger.Enable();
NetworkTests.Unshare();
KernelFunctionTests.Run();
UserFunctionTests.Run();
SeccompTests.Run();
SameResultTests.Run();
TracepointTests.Run();
NetworkTests.Run();
Workloads.Close();
return Suite.ExitCode;

static int Held(Func<IDisposable?> hold)
{
    IDisposable? held = hold();
    Console.Out.WriteLine("ready");
    Console.In.ReadLine();
    held?.Dispose();
    return 0;
}
