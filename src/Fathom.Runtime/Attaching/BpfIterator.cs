using System;
using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>
/// One pass over objects of the kernel, such as all tasks: the program runs for each and writes what is read here (Linux 5.8). Dispose it to end.
/// </summary>
public sealed class BpfIterator : IDisposable
{
    private readonly BpfLink _link;
    private readonly KernelDescriptor _pass;
    private readonly BpfProgram _program;

    private BpfIterator(BpfProgram program, BpfLink link, KernelDescriptor pass)
    {
        _program = program;
        _link = link;
        _pass = pass;
    }

    /// <summary>Reads what the program has written.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes; 0 at the end.</returns>
    /// <exception cref="BpfException">The kernel gives up, for example because one run wrote more than it can hold (E2BIG).</exception>
    public int Read(Span<byte> buffer)
    {
        int count;
        do
        {
            // EAGAIN: the kernel let others run in the middle of the pass.
            count = _program.Kernel.Calls.Read(_pass, buffer);
        }
        while (count == -Errno.EAGAIN);
        return count >= 0 ? count : throw new BpfException("read iterator", _program.Name, -count, -count == Errno.E2BIG
            ? "one run of the program wrote more than the kernel holds, eight pages."
            : "the kernel gave no further reason.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pass.Dispose();
        _link.Dispose();
    }

    internal static BpfIterator Open(BpfProgram program)
    {
        Attacher.Expect(program, program.Section.Kind == "iter");
        var attributes = new LinkCreateAttributes { AttachType = ProgramSection.TraceIterator };
        KernelDescriptor link = Attacher.CreateLink(program, ref attributes, "iterator link", out int error)
            ?? throw Attacher.Failure(program, "", error, Attacher.Reason(error));
        var owner = new BpfLink(program, link, null, "iterator link");
        var create = new IteratorCreateAttributes { Link = link.Value };
        try
        {
            KernelDescriptor pass = program.Kernel.Calls.BpfOpen(BpfCommand.IteratorCreate, ref create, program.Name + " (pass)", out error)
                ?? throw Attacher.Failure(program, "", error, Attacher.Reason(error));
            return new BpfIterator(program, owner, pass);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }
}
