using Fathom.Format.Linux;
using Fathom.Runtime.Interop;

namespace Fathom.Runtime;

/// <summary>Programs on cgroups.</summary>
internal static class CgroupAttachment
{
    private const int OpenDirectory = 0x10000;

    /// <summary>Attaches to a cgroup and those below it (Linux 5.7).</summary>
    public static BpfLink Attach(BpfProgram program, string path)
    {
        Attacher.Expect(program, program.Section.IsCgroup);
        using KernelDescriptor? cgroup = program.Kernel.Calls.Open(path, out int error, OpenDirectory);
        if (cgroup is null)
        {
            throw new AttachException($"{program.Name} to {path}", error, error switch
            {
                Errno.ENOENT or Errno.ENOTDIR => "there is no such cgroup; they are the directories below the mount of cgroup2.",
                Errno.EACCES => $"the cgroup's directory may not be opened: {Refusal.Remedy(program.Kernel, CapabilitySet.ReadSearch)}.",
                _ => Attacher.Reason(error),
            });
        }

        const string Way = "cgroup link";
        var attributes = new LinkCreateAttributes { Target = cgroup.Value, AttachType = program.Section.AttachType };
        KernelDescriptor? link = Attacher.CreateLink(program, ref attributes, Way, out error);
        return link is not null ? new BpfLink(program, link, null, Way) : throw Attacher.Failure(program, path, error, error switch
        {
            Errno.EBADF => $"{path} is no directory of a cgroup of version 2.",
            Errno.EINVAL => "this kernel has no links for cgroups (Linux 5.7).",
            _ => Attacher.Reason(error),
        }, error == Errno.EINVAL ? RefusalCause.TooOld : RefusalCause.Other);
    }
}
