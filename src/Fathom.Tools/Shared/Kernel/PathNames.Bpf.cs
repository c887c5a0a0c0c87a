using Fathom.Bpf;
using Fathom.Bpf.KernelTypes;

namespace Fathom.Tools.Shared.Kernel;

/// <summary>Where a walk up the directories has ended.</summary>
internal enum PathEnd : byte
{
    /// <summary>Too deep to go on.</summary>
    Below,

    /// <summary>At the root.</summary>
    Root,

    /// <summary>Nowhere: the file is in no directory, such as one in memory (<c>memfd_create</c>).</summary>
    Nowhere,
}

/// <summary>Full paths, by walking from a file or directory up to the root that its process sees.</summary>
/// <remarks><c>bpf_d_path</c> would say it in one call, but may not be called from tracepoints.</remarks>
internal static unsafe class PathNames
{
    /// <summary>Names are written as long as they begin below this.</summary>
    public const int MostBytes = 4096;

    /// <summary>Bytes that a buffer must have.</summary>
    public const int Room = MostBytes + LongestName;

    // NAME_MAX and the NUL.
    private const int LongestName = 256;

    // Steps upwards, from a mount to the one below it among them. The verifier walks each of them.
    private const int MostSteps = 40;

    /// <summary>Writes the names from a place upwards, each ended by a NUL. The root has none.</summary>
    /// <param name="to">The buffer.</param>
    /// <param name="place">The place.</param>
    /// <param name="root">Where it ends.</param>
    /// <param name="used">Where the number of bytes that were written goes, beside the buffer. It is counted there and not in a variable: what
    /// comes from memory may be anything to the verifier, so that it need not follow each number of bytes through the rest of the program.</param>
    /// <returns>Where the names end.</returns>
    public static PathEnd Write(byte* to, KernelPath* place, KernelPath* root, ushort* used)
    {
        // As any memory, also where the verifier trusts the pointer: it would not let us go from a part of a mount to the whole.
        place = (KernelPath*)(ulong)place;
        root = (KernelPath*)(ulong)root;
        Dentry* entry = place->dentry;
        VfsMount* at = place->mnt;
        Dentry* lastEntry = root->dentry;
        VfsMount* lastMount = root->mnt;
        *used = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            if (entry == lastEntry && at == lastMount)
            {
                return PathEnd.Root;
            }

            Dentry* parent = entry->d_parent;
            if (entry == at->mnt_root)
            {
                var mount = (Mount*)((byte*)at - Core.FieldOffset(((Mount*)null)->mnt));
                Mount* below = mount->mnt_parent;
                if (below == mount || below == null)
                {
                    // The root of everything, or of what was cut off from it.
                    return below == mount ? PathEnd.Root : PathEnd.Below;
                }

                entry = mount->mnt_mountpoint;
                at = (VfsMount*)((byte*)below + Core.FieldOffset(((Mount*)null)->mnt));
                continue;
            }

            uint bytes = *used;
            if (bytes >= MostBytes)
            {
                return PathEnd.Below;
            }

            long length = Helpers.ProbeReadKernelString(to + bytes, LongestName, entry->d_name.name);
            if (length <= 0)
            {
                return PathEnd.Below;
            }

            *used = (ushort)(bytes + (uint)length);
            if (entry == parent)
            {
                return PathEnd.Nowhere;
            }

            entry = parent;
        }

        return PathEnd.Below;
    }
}
