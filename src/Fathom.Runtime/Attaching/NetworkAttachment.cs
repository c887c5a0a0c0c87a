using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on network interfaces.</summary>
internal static class NetworkAttachment
{
    /// <summary>Attaches an XDP program (Linux 5.9).</summary>
    public static BpfLink AttachXdp(BpfProgram program, string networkInterface)
    {
        Attacher.Expect(program, program.Section.Kind == "xdp");
        int index = IndexOf(program, networkInterface);
        const string Way = "XDP link";
        var attributes = new LinkCreateAttributes { Target = index, AttachType = ProgramSection.AttachXdp };
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out int error);
        return link is not null ? new BpfLink(program, link, null, Way) : throw Failure(program, networkInterface, error);
    }

    /// <summary>Attaches a tc program: by a tcx link (Linux 6.6), otherwise as a filter of the queueing discipline clsact.</summary>
    public static BpfLink AttachTc(BpfProgram program, string networkInterface, bool outgoing)
    {
        Attacher.Expect(program, program.Type == ProgramType.Classifier);
        int index = IndexOf(program, networkInterface);
        const string Way = "tcx link";
        var attributes = new LinkCreateAttributes
        {
            Target = index,
            AttachType = outgoing ? ProgramSection.AttachTcxEgress : ProgramSection.AttachTcxIngress,
        };
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out int error);
        if (link is not null)
        {
            return new BpfLink(program, link, null, Way);
        }

        return error == Errno.EINVAL
            ? ClsactFilter.Attach(program, index, networkInterface, outgoing)
            : throw Failure(program, networkInterface, error);
    }

    /// <summary>The exception for an interface that does not take a program.</summary>
    public static BpfException Failure(BpfProgram program, string networkInterface, int error) => Attacher.Failure(program, networkInterface, error, error switch
    {
        Errno.EBUSY or Errno.EEXIST => $"{networkInterface} has a program already; detach that first.",
        Errno.EOPNOTSUPP => $"{networkInterface} cannot do that.",
        _ => Attacher.Reason(error),
    });

    private static int IndexOf(BpfProgram program, string networkInterface)
    {
        long index = program.Kernel.Calls.Raw.GetInterfaceIndex(networkInterface);
        return index >= 0
            ? (int)index
            : throw new AttachException(program.Name, (int)-index, $"there is no network interface {networkInterface}; see `ip link`.");
    }
}
